#!/bin/sh
# The programs are built as HARDENING and LINK_HARDENING in the Makefile ask.  TAP.
#
# What the linker and the compiler really did is read from the files: a flag
# that a newer tool chain ignores, or that a packager's CFLAGS undo, is seen here.
set -u

BUILD=${BUILD:-build}
case $BUILD in
build | */build) ;;
*)
	echo "1..0 # SKIP sanitizers are not hardened"
	exit 0
	;;
esac
if ! command -v readelf >/dev/null; then
	echo "1..0 # SKIP no readelf"
	exit 0
fi

number=0
failed=0

# check "name" command...: one check, named by a sentence.
check() {
	name=$1
	shift
	number=$((number + 1))
	if "$@"; then
		echo "ok $number - $name"
		return
	fi
	failed=1
	echo "not ok $number - $name"
}

# shellcheck disable=SC2317 # called through check
has() {
	printf '%s\n' "$1" | grep -Eq -- "$2"
}

# shellcheck disable=SC2317
has_not() {
	! has "$1" "$2"
}

for program in doorbell post-receive; do
	file=$BUILD/$program
	if [ ! -x "$file" ]; then
		check "$program: is built" false
		continue
	fi
	header=$(readelf -hW "$file")
	segments=$(readelf -lW "$file")
	dynamic=$(readelf -dW "$file")
	symbols=$(readelf --dyn-syms -W "$file")
	check "$program: is loaded at a random address" has "$header" 'Type: *DYN .*Position-Independent'
	check "$program: binds all symbols at the start" has "$dynamic" 'FLAGS.*(BIND_NOW|NOW)'
	check "$program: makes its relocations read-only" has "$segments" 'GNU_RELRO'
	check "$program: has a stack that cannot be executed" has "$segments" 'GNU_STACK.* RW +0x'
	check "$program: has no segment that can be written and executed" has_not "$segments" ' RWE '
	check "$program: looks for libraries where the system says" has_not "$dynamic" 'RPATH|RUNPATH'
	check "$program: has no relocations in its text" has_not "$dynamic" 'TEXTREL'
	check "$program: calls fortified functions" has "$symbols" '__[a-z]+_chk'
	check "$program: guards its stack" has "$symbols" '__stack_chk_fail'
done
echo "1..$number"
exit $failed
