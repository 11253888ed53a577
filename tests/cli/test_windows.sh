#!/bin/sh
# Series: a trainer of windows on a sine with a trend, its forecasts, and files that can't be read as series. Two columns predicted
# by two outputs.
. tests/cli/lib.sh
awk 'BEGIN { pi = 3.14159265358979
	print "place,month,y"
	for (t = 0; t < 180; t++) for (g = 0; g < 2; g++)
		printf "%s,%04d-%02d,%.4f\n", g ? "north" : "south", 1990 + int(t/12), t % 12 + 1, 50 + 30*g + 0.5*t + 10*sin(2*pi*t/12 + g) }' >$C/series.csv
trainer windows
D=$C/windows
at_most() { # FILE KEY MOST
	value=$(sed -n "s/^\"$2\": \([-0-9.e+]*\),*$/\1/p" "$1")
	if awk "BEGIN { exit !(\"$value\" != \"\" && $value <= $3) }"; then good; else bad "$2 is $value, not at most $3"; fi
}

code 0 $D selftest
prints "PASS"
code 0 $D train --out $T/run --threads 2
prints "repeating the last value: mae"
prints "repeating the season before: mae 6.0000" # the trend of a year
quiet
at_most $T/run/metrics.json mae 0.8
at_most $T/run/metrics.json mase 0.15
at_most $T/run/metrics.json seasonal_naive_mae 6.0001
grep -q "<h2>Forecast</h2>" $T/run/report.html && good || bad "no forecast in the report"
code 0 $D train --out $T/one --threads 1 --quiet
same $T/run/last.safetensors $T/one/last.safetensors
W=$T/run/best.safetensors
code 0 $D evaluate --weights $W --json $T/m.json
at_most $T/m.json mae 0.8

# beyond the end, fed with its own predictions: near to what the sine goes on with
code 0 $D forecast --weights $W --steps 24 --output $T/f.csv --plot $T/f.svg
quiet
holds $T/f.csv "time,group,truth,forecast"
awk -F, 'BEGIN { pi = 3.14159265358979 } NR > 1 { g = $2 == "north"; t = (substr($1, 1, 4) - 1990)*12 + substr($1, 6) - 1
	e = $4 - (50 + 30*g + 0.5*t + 10*sin(2*pi*t/12 + g)); sum += e < 0 ? -e : e; n++; rest = rest $3 } END { exit !(n == 48 && rest == "" && sum/n < 3) }' $T/f.csv &&
	good || bad "the forecast is not near: $(head -n 4 $T/f.csv | tr '\n' ' ')"
grep -q "^2005-01,north,,[0-9.]*$" $T/f.csv && grep -q "^2006-12,south,," $T/f.csv && good || bad "months do not go on: $(tail -n 2 $T/f.csv)"
grep -q "</svg>" $T/f.svg && grep -q "y of north" $T/f.svg && good || bad "no picture"
code 0 $D forecast --weights $W --backtest --output $T/b.csv
prints "mae: "
if [ "$(wc -l <$T/b.csv)" -eq 73 ]; then good; else bad "not 36 rows of the test part of each series"; fi
grep -q "^2002-01,south,[0-9.]*,[0-9.]*$" $T/b.csv && good || bad "the backtest does not begin with the test part"
code 0 $D forecast --weights $W --from 2004-06 --steps 4 --output $T/g.csv
if [ "$(wc -l <$T/g.csv)" -eq 9 ]; then good; else bad "not 4 rows of each series"; fi

code 0 $D forecast --weights $W --from 2005-01 --steps 1 # the month behind the end
holds $T/out "time,group,truth,forecast"
code 1 $D forecast --weights $W --from 2005-02
one_line
says 'error: --from 2005-02: group "north": a forecast begins with 2005-01 at the latest, right behind the data; none of 2 series can be forecast'
{ cat $C/series.csv; echo "south,2005-01,140"; } >$T/ends.csv
code 0 $D forecast --weights $W --test $T/ends.csv --from 2005-02 --output $T/g.csv
if [ "$(wc -l <$T/g.csv)" -eq 4 ] && ! grep -q north $T/g.csv; then good; else bad "not the rows of the one series that goes so far"; fi
one_line
says 'warning: --from 2005-02: group "north": a forecast begins with 2005-01 at the latest, right behind the data; 1 of 2 series are left out'

# a series with too few rows, one that begins later; one by its name
{ cat $C/series.csv; echo "east,1990-01,140"; awk -F, '$1 == "south" && $2 > "2001" { $1 = "west"; print $1","$2","$3 }' $C/series.csv; } >$T/more.csv
code 0 $D forecast --weights $W --test $T/more.csv --output $T/g.csv
one_line
says 'more.csv:362: group "east": 1 rows are too few for a window of 25 (1 for differences, 24 that go in); 1 of 4 series are left out'
if [ "$(wc -l <$T/g.csv)" -eq 10 ]; then good; else bad "not 3 rows of 3 series"; fi
code 0 $D forecast --weights $W --test $T/more.csv --from 2002-01 --output $T/g.csv
says 'group "west": 12 rows before the first that is forecast are too few; the network reads 24, and differences need more before them; 1 of 4 series are left out'
if [ "$(wc -l <$T/g.csv)" -eq 7 ] && grep -q south $T/g.csv; then good; else bad "not 3 rows of 2 series"; fi
code 0 $D forecast --weights $W --test $T/more.csv --group west --output $T/g.csv
if [ "$(wc -l <$T/g.csv)" -eq 4 ] && [ "$(grep -c ,west, $T/g.csv)" -eq 3 ]; then good; else bad "not 3 rows of west"; fi
code 1 $D forecast --weights $W --test $T/more.csv --group west --from 2002-01
says 'error: '
code 1 $D forecast --weights $W --test $T/more.csv --group east
says 'more.csv:362: group "east": 1 rows before the first that is forecast are too few'
code 1 $D forecast --weights $W --group East
one_line
says '--group East: build/tests/cli/series.csv has no such value in column "place", which has "north" and others'

# pictures: no other kind than SVG; how many curves there are; times that are long stand apart
code 2 $D forecast --weights $W --plot $T/f.png
says "--plot writes SVG: name a file .svg, not '$T/f.png'"
code 2 $D forecast --weights $W --plot $T/f.svg --output $T/f.svg
says "--output and --plot are the same file, $T/f.svg"
awk -F, 'NR > 1 { $3 = 50 } { print $1 "," $2 "," $3 }' $C/series.csv >$T/constant.csv # which the last value foretells
code 0 $D evaluate --weights $W --test $T/constant.csv
prints "repeating the last value: mae 0.0000"
if grep -q "of it" $T/out; then bad "a share of an error of 0"; else good; fi
awk 'BEGIN { print "place,month,y"; for (g = 0; g < 15; g++) for (t = 0; t < 30; t++) printf "g%02d,1990-01-%02dT%02d:00:00Z,%d\n", g, 1 + int(t/24), t % 24, t + g }' >$T/many.csv
code 0 $D forecast --weights $W --test $T/many.csv --plot $T/many.svg --output $T/g.csv
one_line
says 'many.svg: shows the first 12 of 15 curves; --group NAME draws those of one series'
grep -q '>12 of 15 curves<' $T/many.svg && good || bad "the picture does not say how many are missing"
sed -n '/title.*y of g00/,/<\/text><\/g>/d; s/.*class="tick" x="\([0-9.]*\)" y="267".*/\1/p' $T/many.svg | head -n 9 | awk '
	NR > 1 && $1 > last && $1 - last < 1.5*20*6.2 { near = 1 } { last = $1 } END { exit !(NR == 9 && !near) }' &&
	good || bad "times touch"
(cd $T && ../windows forecast --weights $(cd ../../../.. && pwd)/$W) >$T/out 2>$T/err
says 'build/tests/cli/series.csv: No such file; --test FILE puts another in its place'

awk 'BEGIN { print "place,month,y"; for (t = 0; t < 30; t++) printf "south,1990-01-%02dT%02d:00Z,%d\n", 1 + int(t/24), t % 24, t }' >$T/zone.csv
code 1 $D forecast --weights $W --test $T/zone.csv --from 1990-01-02T05:00
one_line
says '--from 1990-01-02T05:00: is written otherwise than the times of the data, as "1990-01-01T00:00Z"'
code 0 $D forecast --weights $W --test $T/zone.csv --from 1990-01-02T05:00Z

# a long series that lacks a value: rows that need it are left out, of the report too, which begins with a window of the last 1000 rows
awk 'BEGIN { print "place,month,y"
	for (t = 0; t < 1100; t++) printf "south,%04d-%02d,%s\n", 1990 + int(t/12), t % 12 + 1, t == 99 ? "" : 50 + 10*sin(t/2) }' >$T/long.csv
code 0 $D forecast --weights $W --test $T/long.csv --backtest --output $T/b.csv
says 'long.csv:101: 3 rows are not forecast, because a value that they can'"'"'t do without is missing, the first in this line'
if [ "$(grep -c ',$' $T/b.csv)" -eq 3 ] && ! grep -q nan $T/b.csv; then good; else bad "not three rows without a forecast"; fi
code 1 $D forecast --weights $W --test $T/long.csv --from 1998-05
says 'long.csv:101: group "south": a value is missing that the forecast can'"'"'t do without'
code 0 $D train --test $T/long.csv --epochs 1 --out $T/long --quiet
grep -q "<h2>Forecast</h2>" $T/long/report.html && good || bad "no forecast of the long series in the report"

# a prediction for each row that has 24 and one before it, whatever comes behind; a file without rows to predict
code 0 $D predict --weights $W $C/series.csv
holds $T/out "input,y_1,y_2,y_3,time,group"
grep -q "series.csv:360,.*,2005-01,south$" $T/out && grep -q "series.csv:361,.*,2005-01,north$" $T/out && grep -q "series.csv:50,.*,1992-02,south$" $T/out &&
	good || bad "not the time and the series of the first step: $(tail -n 2 $T/out | tr '\n' ' ')"
if [ "$(wc -l <$T/out)" -eq 313 ]; then good; else bad "not 156 predictions of each series"; fi
code 0 $D predict --weights $W --format npy --output $T/p.npy $C/series.csv
grep -qa "'shape': (312, 3)" $T/p.npy && good || bad "p.npy is no array of 312 x 3"

# a program that embeds the network sees the same numbers
$CC -std=c11 -O2 -fopenmp -march=native -D_GNU_SOURCE -Iruntime -I$C -o $C/windows_embed tests/cli/windows.c $C/windows.c build/libnn.a \
	-lpng -ljpeg -lz -lcsv -lcjson -lm -lpthread || bad "the program that embeds the network can't be built"
sed -n 's/^south,.*,//p' $C/series.csv | head -n 25 | $C/windows_embed $W >$T/embedded
code 0 $D predict --weights $W $C/series.csv
grep "series.csv:50," $T/out | cut -d, -f2-4 | tr ',' '\n' | awk '{ printf "%.4f\n", $1 }' >$T/predicted
same $T/embedded $T/predicted
if [ "$(wc -l <$T/embedded)" -eq 3 ]; then good; else bad "not three numbers"; fi

# where the label does not go in, nobody knows whether a transform is of what does: no NAME_preprocess
sed 's/transform: difference/transform: difference, ignore: [y]/' tests/cli/windows.yaml >$T/ignored.yaml
code 0 $NNC $T/ignored.yaml -o $T/ignored.c
if grep -q _restore $T/ignored.h && ! grep -q _preprocess $T/ignored.h; then good; else bad "a preprocess of a column that is not known"; fi

wrong() { # TEXT: a file that must be refused by train; nothing is left behind
	code 1 $D train --train $T/wrong.csv --out $T/new
	one_line
	says "$1"
	absent $T/new
}
{ head -n 3 $C/series.csv; sed -n 2p $C/series.csv; } >$T/wrong.csv
wrong 'wrong.csv:4: group "south": the time "1990-01" is there twice, in line 2 too'
{ head -n 5 $C/series.csv; echo "south,1989-12,3"; } >$T/wrong.csv
wrong 'wrong.csv:6: group "south": the time "1989-12" is before "1990-02" of line 4; rows must be sorted by time'
head -n 41 $C/series.csv >$T/wrong.csv
wrong 'wrong.csv: group "north": the series has 20 rows, but a window needs 28: 1 for differences, 24 that go in, 3 to be predicted'
head -n 61 $C/series.csv >$T/wrong.csv
wrong 'wrong.csv: group "north": the training part has 21 of 30 rows, but a window needs 28'
sed '9s/1990-04/April/' $C/series.csv >$T/wrong.csv
wrong 'wrong.csv:9: "April" in column "month" is no time: a number, 1949-01, 1949-01-31 or 1949-01-31T10:00'
sed 's/,y/,x/' $C/series.csv >$T/wrong.csv
wrong 'wrong.csv: has no column "y" (label); its columns are place, month, x'
sed '9s/,[^,]*$/,much/' $C/series.csv >$T/wrong.csv
wrong 'wrong.csv:9: "much" in column "y" is no number'
sed '9,10d' $C/series.csv >$T/gap.csv
code 0 $D evaluate --weights $W --test $T/gap.csv
says 'gap.csv:9: from "1990-03" to "1990-05" is not the usual step of time; 2 steps are not, and windows go by rows'
code 1 $D forecast --weights $W --from 1991-03
says 'group "north": 14 rows before the first that is forecast are too few; the network reads 24'
code 1 $D forecast --weights $W --from May
says '--from May: is written otherwise than the times of the data, as "1990-01"'
code 2 $D forecast --weights $W --from 2004-01 --backtest
code 2 $D forecast

# several columns in and out
awk 'BEGIN { pi = 3.14159265358979
	print "place,month,u,y,z"
	for (t = 0; t < 200; t++) printf "-,%d,%.4f,%.4f,%.4f\n", t, cos(t/3), 20 + 5*sin(t/3), -3*sin(t/3 + 1) }' >$C/variables.csv
trainer windows_outputs
D=$C/windows_outputs
code 0 $D train --out $T/two --quiet
W=$T/two/best.safetensors
code 0 $D forecast --weights $W
holds $T/out "row,y_truth,y_forecast,z_truth,z_forecast"
grep -q "^202,,[0-9.]*,,[-0-9.]*$" $T/out && good || bad "not two rows behind the 200"
code 1 $D forecast --weights $W --from 202
one_line
says '--from 202: a forecast begins with 201 at the latest, right behind the data'
code 1 $D forecast --weights $W --steps 3
one_line
says '--steps 3: the network reads column "u", which it does not predict, so that it sees 2 rows ahead at most'
code 0 $D evaluate --weights $W --test $C/variables.csv # the first windows have no season before them
prints ", of the numbers that have such a forecast)"
if grep -q nan $T/out; then bad "a comparison with nan"; else good; fi
head_bytes=$(($(od -An -t u8 -N 8 $W) + 8)) # weights that are all NaN
{ head -c $head_bytes $W; tail -c +$((head_bytes + 1)) $W | LC_ALL=C tr '\000-\376' '\377'; } >$T/nan.safetensors
code 0 $D forecast --weights $T/nan.safetensors
says "variables.csv: the network gives NaN for 4 of the numbers that are forecast"
sed '101s/,[^,]*,\([^,]*,[^,]*\)$/,,\1/' $C/variables.csv >$T/lacks.csv # u, of which 8 rows go in
code 0 $D forecast --weights $W --test $T/lacks.csv --backtest --output $T/b.csv
says "lacks.csv:101: 8 rows are not forecast, because a value that they can't do without is missing"
if [ "$(grep -c '^10[1-8],[^,]*,,[^,]*,$' $T/b.csv)" -eq 8 ] && [ "$(grep -c ',$' $T/b.csv)" -eq 8 ]; then good; else bad "not the rows 101 to 108"; fi
code 0 $D predict --weights $W $C/variables.csv
holds $T/out "input,y_1,y_2,z_1,z_2,row"
code 0 $D predict --weights $W --format jsonl $C/variables.csv
grep -q '"z_2": [-0-9.]*, "row": "201"}$' $T/out && good || bad "not the row behind the end: $(tail -n 1 $T/out)"
cut -d, -f1-4 $C/variables.csv >$T/less.csv
code 1 $D predict --weights $W $T/less.csv
one_line
says 'has no column "z" (features)'
sed '20s/,[^,]*,\([^,]*\)$/,-1,\1/' $C/variables.csv >$T/wrong.csv
wrong 'wrong.csv:20: column "y" is -1, of which there is no logarithm; log1p can be taken of 0, sqrt too'
# categories in windows: what comes next is told by those of the row before
awk 'BEGIN { srand(4); y = 0; print "y,ward,drug,place"
	for (t = 0; t < 400; t++) { w = int(3*rand()); d = int(3*rand()); p = int(2*rand())
		printf "%.1f,%s,%s,%s\n", y, substr("ABC", w + 1, 1), t % 50 == 9 ? "" : substr("xyz", d + 1, 1), p ? "s" : "n"
		y = 4*(w == 1) - 2*(w == 2) + (t % 50 == 9 ? 0 : 3*d) + 5*p } }' >$C/wards.csv
trainer windows_wards
code 0 $C/windows_wards selftest
code 0 $C/windows_wards train --out $T/wards --quiet
W=$T/wards/best.safetensors
code 0 $C/windows_wards evaluate --weights $W --json $T/m.json --test $C/wards.csv
at_most $T/m.json mae 0.5
says 'wards.csv: values that are missing are filled with the mean of the training rows (their commonest category): 8 in column "drug"'
sed '30s/,[ABC],/,D,/' $C/wards.csv >$T/wrong.csv
code 1 $C/windows_wards train --train $T/wrong.csv --out $T/new
one_line
says 'wrong.csv:30: "D" in column "ward" is none of the categories of the training data, A, B, C'
sed '30s/,[xyz],/,w,/' $C/wards.csv >$T/wrong.csv
code 1 $C/windows_wards train --train $T/wrong.csv --out $T/new
one_line
says 'wrong.csv: column "drug" has 4 categories, but the model'"'"'s input is [3]'
sed 's/features: \[y, place\]/features: [y, drug]/' tests/cli/windows_wards.yaml >$T/auto.yaml
code 0 $NNC $T/auto.yaml -o /dev/null # how many there are is not known before the data
sed 's/impute: mean/impute: drop/' tests/cli/windows_wards.yaml >$T/drop.yaml
code 0 $NNC $T/drop.yaml -o /dev/null # an empty field is missing without missing:
quiet

# what has no label has no forecast
trainer windows_autoencoder
code 0 $C/windows_autoencoder train --out $T/auto --quiet
quiet
there $T/auto/report.html
there $T/auto/metrics.json

# a loss that compares part of what the network gives; what it gives is not what comes next
trainer windows_part
code 0 $C/windows_part train --out $T/part --quiet
quiet
there $T/part/report.html
code 0 $C/windows_part predict --weights $T/part/best.safetensors $C/series.csv
code 1 $C/windows_part forecast --weights $T/part/best.safetensors
one_line
says "nothing that it predicts is a column of these series"
trainer table
code 1 $C/table forecast --weights $W
says "only windows of series are forecast"
finish
