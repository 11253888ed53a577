#!/bin/sh
# A trainer whose model has several inputs, columns of a table, and whose label is several columns.
. tests/cli/lib.sh
awk 'BEGIN {
	seed = 7
	print "id,ward,sex,dose,age,ill,old"
	for (i = 0; i < 300; i++) {
		for (k = 0; k < 4; k++) { seed = (seed * 1103 + 12345) % 1048576; u[k] = seed / 1048576 }
		ward = substr("ABCD", 1 + int(4 * u[0]), 1); sex = u[1] < 0.5 ? "f" : "m"; age = 20 + int(60 * u[2])
		ill = ((ward == "A" || ward == "C") + 2 * u[3] + (sex == "f") > 1.6)
		printf "%d,%s,%s,%.3f,%s,%d,%d\n", i, ward, i % 41 ? sex : "", 10 * u[3], (i % 43 ? age : ""), ill, (age > 50)
	}
}' >$C/columns.csv
trainer columns
D=$C/columns

code 0 $D selftest
prints "PASS"
code 0 $D train --out $T/run --threads 2
quiet
prints "test: 60 samples"
code 0 $D train --out $T/one --threads 1 --quiet
same $T/run/last.safetensors $T/one/last.safetensors
W=$T/run/best.safetensors
code 0 $D evaluate --weights $W --test $C/columns.csv --json $T/m.json
prints "300 samples"
prints "old"
f1=$(tr -d '\n' <$T/m.json | sed -n 's/.*"micro avg": {[^}]*"f1-score": \([0-9.]*\).*/\1/p')
if awk "BEGIN { exit !(${f1:-0} > 0.9) }"; then good; else bad "f1 $f1 of what the table tells exactly"; fi

# predict: without labels, in another order of columns; what training has not seen
code 0 $D predict --weights $W $C/columns.csv
holds $T/out "input,prediction,p_ill,p_old"
sed 1d $T/out | cut -d, -f2- >$T/first
awk -F, -v OFS=, '{ print $5, "note", $4, $3, $2 }' $C/columns.csv >$T/turned.csv
code 0 $D predict --weights $W $T/turned.csv
sed 1d $T/out | cut -d, -f2- >$T/second
same $T/first $T/second
sed '9s/.*/9,Z,f,1,50,0,0/' $C/columns.csv >$T/unseen.csv
code 1 $D predict --weights $W $T/unseen.csv
one_line
says 'unseen.csv:9: "Z" in column "ward" is none of the categories of the training data, A, B, C, D'
code 1 $D evaluate --weights $W --test $T/unseen.csv
one_line
code 1 $D train --train $T/unseen.csv --out $T/new
one_line
says 'unseen.csv: column "ward" has 5 categories, but the model looks them up in a table of 4 rows: Embedding(5, ..)'
cut -d, -f1-4 $C/columns.csv >$T/short.csv
code 1 $D predict --weights $W $T/short.csv
one_line
says 'has no column "age" (data.age)'
code 1 $D train --train $T/short.csv --out $T/new
one_line
absent $T/new
sed 's/,ill,old/,ill,x/' $C/columns.csv >$T/label.csv
code 1 $D train --train $T/label.csv --out $T/new
one_line
says 'has no column "old" (label)'
sed '5s/,[01]$/,3/' $C/columns.csv >$T/label.csv
code 1 $D train --train $T/label.csv --out $T/new
one_line
says 'label.csv:5: the label "old" is 3'

finish
