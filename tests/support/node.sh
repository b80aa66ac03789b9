#!/bin/sh
# Install the npm packages that tests compare with into build/node, once.
# Prints the folder that holds node_modules.
set -eu

cd "$(dirname "$0")/../.."
folder=build/node
packages="@octokit/webhooks-examples@7.6.1 @octokit/webhooks-methods@6.0.0 standardwebhooks@1.1.1"

for package in $packages; do
	name=${package%@*}
	version=${package##*@}
	manifest=$folder/node_modules/$name/package.json
	if ! grep -q "\"version\": \"$version\"" "$manifest" 2>/dev/null; then
		mkdir -p $folder
		# shellcheck disable=SC2086
		npm install --fetch-retries=1 --no-save --no-audit --no-fund --silent --prefix $folder $packages >&2
		break
	fi
done
echo "$PWD/$folder"
