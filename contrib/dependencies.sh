#!/bin/sh
# Installs the Debian packages that a purpose needs and that are not there:
#
#     contrib/dependencies.sh build|demo|test|bench [--check]
#
# As root, or through sudo.  --check only says what is missing (exit 1).
# Elsewhere than on Debian it can only tell, and the build goes on.
set -eu

build="gcc libc6-dev make pkg-config git
	libevent-dev libgit2-dev libjansson-dev libyaml-dev libcurl4-openssl-dev
	libssl-dev libsqlite3-dev libsmartcols-dev libseccomp-dev uthash-dev"
demo="python3 openssl curl ca-certificates"
test="$demo perl nodejs npm shellcheck openssh-server openssh-client procps sqlite3 jsonnet
	clang libclang-rt-14-dev nginx-light haproxy fish zsh"
bench="$demo webhook"

purpose=${1:-build}
case $purpose in
build) packages=$build ;;
demo) packages="$build $demo" ;;
test) packages="$build $test" ;;
bench) packages="$build $bench" ;;
*)
	echo "usage: $0 build|demo|test|bench [--check]" >&2
	exit 64
	;;
esac

# A program of that name that is there already, from wherever, is as good as its package.
have() {
	case $1 in
	nodejs) command -v node >/dev/null ;;
	nginx-light) command -v nginx >/dev/null || [ -x /usr/sbin/nginx ] ;;
	haproxy) command -v haproxy >/dev/null || [ -x /usr/sbin/haproxy ] ;;
	npm | python3 | gcc | make | git | perl | curl | openssl | sqlite3 | shellcheck | clang | webhook | fish | zsh) command -v "$1" >/dev/null ;;
	pkg-config) command -v pkg-config >/dev/null ;;
	*) dpkg-query -W -f '${db:Status-Status}' "$1" 2>/dev/null | grep -qx installed ;;
	esac
}

missing=
for package in $packages; do
	have "$package" || missing="$missing $package"
done
[ -n "$missing" ] || exit 0

if [ "${2:-}" = --check ]; then
	echo "missing packages:$missing" >&2
	exit 1
fi
if ! command -v apt-get >/dev/null; then
	echo "doorbell: this is not Debian: if something is missing, it is an equivalent of$missing" >&2
	exit 0
fi
sudo=
if [ "$(id -u)" != 0 ]; then
	if ! command -v sudo >/dev/null; then
		echo "doorbell: packages are missing, run as root: apt-get install$missing" >&2
		exit 1
	fi
	sudo=sudo
fi
echo "doorbell: installing$missing" >&2
# Another apt-get, such as that of unattended-upgrades, is waited for.
$sudo apt-get -o DPkg::Lock::Timeout=300 update -qq
# shellcheck disable=SC2086 # a list of words
$sudo env DEBIAN_FRONTEND=noninteractive apt-get -o DPkg::Lock::Timeout=300 install -y -qq --no-install-recommends $missing >/dev/null
