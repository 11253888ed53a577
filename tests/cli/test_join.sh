#!/bin/sh
# A trainer of images joined with a table: trained, evaluated, asked; partners that are missing, keys that are double.
. tests/cli/lib.sh
phantoms $C/join_images 120
find $C/join_images/train -name '*.png' | sort | awk '
	BEGIN { print "crp,sex,file,patient,diagnosis" }
	{
		name = $0; sub(/.*train\//, "", name); sub(/[.]png$/, "", name)
		seed = (seed * 1103 + 12345 + NR) % 1048576
		ill = $0 ~ /PNEUMONIA/
		printf "%.2f,%s,%s,%d,%s\n", seed / 1048576 + ill, NR % 3 ? "f" : "m", name, NR / 2, ill ? "ill" : "well"
	}' >$C/join.csv
trainer join
D=$C/join
I=$C/join_images/train

code 0 $D selftest
prints "PASS"
code 0 $D train --out $T/run --threads 2
quiet
code 0 $D train --out $T/one --threads 1 --quiet
same $T/run/last.safetensors $T/one/last.safetensors
accuracy=$(sed -n 's/^"accuracy": \([0-9.]*\),$/\1/p' $T/run/metrics.json)
if awk "BEGIN { exit !(${accuracy:-0} > 0.9) }"; then good; else bad "accuracy $accuracy where the table alone tells nearly all"; fi
W=$T/run/best.safetensors
code 0 $D evaluate --weights $W --test $I,$C/join.csv
quiet
prints "120 samples"
grep -qa '"data/lab/offset"' $W && good || bad "the checkpoint has no data/lab/offset"

cut -d, -f1-4 $C/join.csv >$T/new.csv
code 0 $D predict --weights $W $I,$T/new.csv
quiet
holds $T/out "input,prediction,p_well"
if [ "$(wc -l <$T/out)" -eq 121 ]; then good; else bad "not 120 predictions"; fi
prints "$I/NORMAL/"
cp $T/out $T/first
code 0 $D predict --weights $W $I $T/new.csv
same $T/first $T/out
head -n 11 $T/new.csv >$T/few.csv
code 0 $D predict --weights $W $I,$T/few.csv
says "join_images/train: 110 of 120 samples have no partner and are left out; the first is "
if [ "$(wc -l <$T/out)" -eq 11 ]; then good; else bad "not 10 predictions"; fi
code 1 $D predict --weights $W $I
one_line
says "the inputs are a path for each of 2 sources, joined by commas: xray,lab"
code 1 $D train --train $I --out $T/new
one_line
says "--train $I: wants paths joined by commas: xray.directory,lab.file"
sed '5p' $C/join.csv >$T/double.csv
code 1 $D train --train $I,$T/double.csv --out $T/new
one_line
says 'double.csv:5 and '
says 'double.csv:6: both have the key "'
sed '2,$s/^\([^,]*,[^,]*\),/\1,x/' $C/join.csv >$T/none.csv
code 1 $D train --train $I,$T/none.csv --out $T/new
one_line
says "no key is in all sources"
code 1 $D train --train $I,$C/join.csv --test $I,$C/join.csv --out $T/new
one_line
says "is in both splits"
absent $T/new

finish
