#!/bin/sh
# The generators of made data, specs/data: the same seed gives the same bytes; what their first lines promise of the data holds.
. tests/cli/lib.sh
warnings="-std=c11 -D_GNU_SOURCE -O2 -Wall -Wextra -Wpedantic -Werror"
$CC $warnings -o $T/therapy specs/data/therapy.c -lm && $CC $warnings -o $T/biomarkers specs/data/biomarkers.c -lm &&
	$CC $warnings -o $T/reports specs/data/reports.c -lpng -lm || exit 1
holds_that() { # TEXT AWK FILE..: the awk program over tables gives no output
	text=$1
	shift
	if [ -z "$(awk -F, "$@")" ]; then good; else bad "$text: $(awk -F, "$@" | head -n 1)"; fi
}

code 0 $T/therapy $T/a --count 2000 --seed 3
quiet
code 0 $T/therapy $T/b --count 2000 --seed 3
code 0 $T/therapy $T/c --count 2000 --seed 4
for table in train val test truth; do
	same $T/a/$table.csv $T/b/$table.csv
	differ $T/a/$table.csv $T/c/$table.csv
done
holds $T/a/train.csv age,woman,weight,kidney,liver,variant,marker_1,marker_2,marker_3,marker_4,watchful,surgery,radiation,platin,taxane,antibody,targeted,hormone
holds $T/a/truth.csv watchful,surgery,radiation,platin,taxane,antibody,targeted,hormone
for rows in train:2001 val:201 test:401 truth:401; do
	if [ "$(wc -l <$T/a/${rows%:*}.csv)" -eq ${rows#*:} ]; then good; else bad "${rows%:*}.csv has not ${rows#*:} lines"; fi
done
holds_that "three therapies are tried" 'NR > 1 { n = 0; for (i = 11; i <= 18; i++) n += $i == 0 || $i == 1; if (n != 3) print NR }' $T/a/train.csv
holds_that "a chance is a chance" 'FNR > 1 { for (i = 1; i <= 8; i++) if (!($i >= 0 && $i <= 1)) print FNR }' $T/a/truth.csv
holds_that "each therapy is the best one for some" 'FNR > 1 { b = 1; for (i = 2; i <= 8; i++) if ($i > $b) b = i; n[b]++ }
	END { for (i = 1; i <= 8; i++) if (n[i] < 12) print i, n[i] + 0 }' $T/a/truth.csv
holds_that "outcomes follow the truth" 'FNR == 1 { file++; next } file == 1 { for (i = 1; i <= 8; i++) p[FNR, i] = $i; next }
	{ for (i = 1; i <= 8; i++) if ($(i + 10) >= 0) { s += $(i + 10) - p[FNR, i]; n++ } }
	END { if (n != 1200 || s/n > 0.05 || s/n < -0.05) print n, s/n }' $T/a/truth.csv $T/a/test.csv
code 2 $T/therapy
code 2 $T/therapy $T/a --count few
code 1 $T/therapy $T/none/below
says "$T/none/below"

for split in train val test; do
	for class in NORMAL PNEUMONIA; do
		mkdir -p $T/films/$split/$class
		for i in 0 1 2 3 4 5 6 7 8 9; do for k in 0 1 2 3 4 5 6 7 8 9; do : >$T/films/$split/$class/$i$k.png; done; done
	done
done
code 0 $T/biomarkers $T/films --seed 3
quiet
cp $T/films/train.csv $T/first.csv
code 0 $T/biomarkers $T/films --seed 3
same $T/first.csv $T/films/train.csv
differ $T/films/test.csv $T/films/train.csv
code 0 $T/biomarkers $T/films --seed 4
differ $T/first.csv $T/films/train.csv
holds $T/first.csv image,age,temperature,crp,leukocytes,procalcitonin,oxygen,diagnosis
holds_that "a row an image, of its class" 'NR > 1 { n++; if (NF != 8 || $1 !~ "^" $8 "/[0-9][0-9].png$") print NR } END { if (n != 200) print n }' $T/first.csv
holds_that "some values are missing" 'NR > 1 { for (i = 3; i <= 7; i++) n += $i == "" } END { if (n < 20 || n > 90) print n }' $T/first.csv
holds_that "the ill have more of it" 'NR > 1 && $4 != "" { s[$8] += log($4); n[$8]++ }
	END { if (s["PNEUMONIA"]/n["PNEUMONIA"] - s["NORMAL"]/n["NORMAL"] < 1) print s["PNEUMONIA"], s["NORMAL"] }' $T/first.csv
code 2 $T/biomarkers
code 2 $T/biomarkers $T/films --seed x
code 1 $T/biomarkers $T/nowhere
says "$T/nowhere"
one_line

code 0 $T/reports $T/described --count 60 --size 32 --seed 3
quiet
code 0 $T/reports $T/again --count 60 --size 32 --seed 3
code 0 $T/reports $T/others --count 60 --size 32 --seed 4
same $T/described/train.csv $T/again/train.csv
same $T/described/train/0007.png $T/again/train/0007.png
differ $T/described/train.csv $T/others/train.csv
differ $T/described/train/0007.png $T/described/test/0007.png
holds $T/described/train.csv image,caption,left,top,right,bottom
holds_that "every film has a row" 'NR > 1 && $1 != sprintf("%04d", NR - 2) { print } END { if (NR != 61) print NR }' $T/described/train.csv
holds_that "a box lies where the sentence says" 'NR > 1 && $2 != "no opacity" { split($2, w, " "); x = ($3 + $5)/2; y = ($4 + $6)/2
	if (w[5] != (x > 16 ? "left" : "right") || !($3 < $5 && $4 < $6)) print; area[w[1]] += ($5 - $3)*($6 - $4); n[w[1]]++; down[w[6]] += y; m[w[6]]++ }
	END { if (area["large"]/n["large"] < 4*area["small"]/n["small"] || down["lower"]/m["lower"] < down["upper"]/m["upper"] + 4) print "sizes or heights" }' \
	$T/described/train.csv
holds_that "some have none" '$2 == "no opacity" { n++; if ($3 $4 $5 $6 != "") print } END { if (n < 4 || n > 24) print n }' $T/described/train.csv
code 2 $T/reports
code 2 $T/reports $T/described --size few
code 1 $T/reports $T/none/below
says "reports: $T/none/below: No such file or directory"
finish
