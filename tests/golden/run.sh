#!/bin/sh
# Wrong specs and the messages they get: each NAME.yaml must be refused with exit code 1, with exactly NAME.txt on standard
# error. NAME.args holds further arguments. From the repository root: tests/golden/run.sh [NAME...]
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
	$nnc $spec $args -o /dev/null >/dev/null 2>$out/$name.txt
	code=$?
	if [ $code -ne 1 ]; then
		echo "$spec: exit code $code, not 1"
		failed=$((failed + 1))
	elif [ -n "$UPDATE" ]; then
		cp $out/$name.txt $wanted
	elif ! diff -u $wanted $out/$name.txt; then
		failed=$((failed + 1))
	fi
done
echo "golden: $count specs, $failed failed"
[ $failed -eq 0 ]
