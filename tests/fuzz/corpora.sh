#!/bin/sh
# Each fuzz target over its corpus, as TAP: what was found once stays found.
# Corpora live in tests/fuzz/corpus/NAME; build/ is where the targets are.
build=${BUILD:-build}
number=0
failed=0
for source in tests/fuzz/fuzz_*.c; do
	name=$(basename "$source" .c)
	number=$((number + 1))
	if [ -z "$(ls -A "tests/fuzz/corpus/${name#fuzz_}" 2>/dev/null)" ]; then
		echo "not ok $number - $name has a corpus"
		failed=1
		continue
	fi
	if output=$(timeout 120 "$build/tests/fuzz/$name" "tests/fuzz/corpus/${name#fuzz_}" 2>&1); then
		echo "ok $number - $name: $(echo "$output" | grep -c '^ok') inputs"
	else
		echo "not ok $number - $name"
		echo "$output" | tail -n 30 | sed 's/^/# /'
		failed=1
	fi
done
echo "1..$number"
exit $failed
