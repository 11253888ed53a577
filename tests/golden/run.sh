#!/bin/sh
# Wrong specs and the messages they get: each NAME.yaml must be refused with exit code 1, with exactly NAME.txt on standard
# error; where that holds warnings only, it must compile. NAME.args holds further arguments. From the repository root: tests/golden/run.sh [NAME...]
# UPDATE=1 writes the messages instead (read the diff before you commit it); NNC=path names another compiler.
nnc=${NNC:-build/nnc}
out=build/golden
mkdir -p $out
failed=0 count=0
[ $# -gt 0 ] || set -- $(ls tests/golden/*.yaml | sed 's|.*/||; s|\.yaml$||')
for name in "$@"; do
	spec=tests/golden/$name.yaml
	wanted=tests/golden/$name.txt
	count=$((count + 1))
	args=
	[ -f tests/golden/$name.args ] && args=$(cat tests/golden/$name.args)
	timeout 60 $nnc $spec $args -o /dev/null >/dev/null 2>$out/$name.err
	code=$?
	sed 's|\(at prelude/[a-z]*\.yaml\):[0-9]*:[0-9]*$|\1|' $out/$name.err >$out/$name.txt # lines of the library move
	expected=1
	grep -q ' error: ' $wanted 2>/dev/null || [ -n "$UPDATE" ] || expected=0
	[ -z "$UPDATE" ] || [ $code -ne 0 ] || expected=0
	if [ $code -ne $expected ] || [ ! -s $out/$name.txt ]; then
		echo "$spec: exit code $code, not $expected, or no message"
		failed=$((failed + 1))
	elif [ -n "$UPDATE" ]; then
		cp $out/$name.txt $wanted
	elif ! diff -u $wanted $out/$name.txt; then
		failed=$((failed + 1))
	fi
done
echo "golden: $count specs, $failed failed"
[ $failed -eq 0 ]
