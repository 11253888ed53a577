#!/bin/sh
# The documentation of the language: its tables are those of the compiler, its examples compile. A block ```yaml of README.md or
# specs/README.md that has a section `model` or `models` is a whole spec; one that is a list is what stands under `model: layers:`; any
# other is completed by the sections of specs/demo.yaml that it lacks, its `train:` by loss and optimizer.
. tests/cli/lib.sh
code 0 $NNC --reference
sed '1,/<!-- reference: begin -->/d; /<!-- reference: end -->/,$d' specs/README.md | sed '$d' >$T/written
last="make reference writes the tables of specs/README.md again"
same $T/out $T/written
if [ "$(wc -l <$T/written)" -gt 50 ]; then good; else bad "specs/README.md has no tables"; fi

examples() { # FILE NAME: its blocks, as $T/NAME-1.yaml, ..
	awk -v stem="$T/$2" '/^ *```yaml$/ { on = 1; n++; indent = index($0, "`") - 1; next } /^ *```$/ { on = 0 }
		on { print substr($0, indent + 1) >(stem "-" n ".yaml") }' "$1"
}
completed() { # EXAMPLE
	if grep -q '^models*:' "$1"; then
		cat "$1"
	elif head -n 1 "$1" | grep -q '^- '; then
		printf 'model:\n  input: [64, 64, 1]\n  layers:\n'
		sed 's/^/    /' "$1"
	else
		awk -v example="$1" '{ print } /^train:$/ {
			while ((getline line <example) > 0) { loss = loss || line ~ /^  loss:/; optimizer = optimizer || line ~ /^  optimizer:/ }
			if (!loss) print "  loss: binary_crossentropy"; if (!optimizer) print "  optimizer: Adam()" }' "$1"
		awk -v example="$1" 'BEGIN { while ((getline line <example) > 0) if (match(line, /^[a-z_]+:/)) has[substr(line, 1, RLENGTH)] = 1 }
			match($0, /^[a-z_]+:/) { skip = has[substr($0, 1, RLENGTH)] } !skip && !/^#/' specs/demo.yaml
	fi
}
echo 'blocks: {Block(units)(x): "Dense(units)(x)"}' >$T/blocks.yaml # which an example includes
examples README.md first
examples specs/README.md reference
count=0
for example in $T/*-[0-9]*.yaml; do
	count=$((count + 1))
	completed $example >$example.whole.yaml
	code 0 $NNC $example.whole.yaml -o /dev/null
	if [ -s $T/err ]; then bad "$example: a warning"; fi
done
if [ $count -ge 5 ]; then good; else bad "only $count examples"; fi

# every key of every section stands in the page; JSON itself is checked by unit/test_reference
$NNC --schema >$T/schema.json
for key in $(sed -n '1,/^ "\$defs"/p' $T/schema.json | sed -n 's/^ *"\([a-z_]*\)": [{].*/\1/p' | sort -u); do
	case $key in properties | additionalProperties) continue ;; esac
	if grep -q "[\`{ ]$key\\(:\\|\`\\)" specs/README.md; then good; else bad "specs/README.md does not name the key $key"; fi
done
finish
