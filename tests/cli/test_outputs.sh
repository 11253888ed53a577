#!/bin/sh
# A trainer with several outputs: columns of the history, metrics.json, predictions, the header; the same bits after a kill.
. tests/cli/lib.sh
awk 'BEGIN {
	seed = 7
	print "a,b,kind,c,severity,d,sick"
	for (i = 0; i < 240; i++) {
		for (k = 0; k < 4; k++) { seed = (seed * 1103 + 12345) % 1048576; u[k] = seed / 1048576 }
		k = i % 3
		printf "%.3f,%.3f,%s,%.3f,%.3f,%.3f,%s\n", k + u[0], u[1] - k, k == 0 ? "low" : k == 1 ? "mid" : "high", k * u[2], 2 * u[0] - u[1] + 0.1 * u[3], u[3], (k + u[0] > 1.5) ? "yes" : "no"
	}
}' >$C/outputs.csv
trainer outputs
D=$C/outputs
code 0 $D selftest
prints "PASS"
code 0 $D train --out $T/run --threads 2
quiet
columns=epoch,kind_accuracy,kind_loss,loss,severity_loss,severity_mae,severity_r2,sick_accuracy,sick_auc,sick_loss
holds $T/run/history.csv $columns,$(echo $columns | sed 's/epoch,//; s/[a-z_0-9]*/val_&/g')
# the loss is the sum of the weighted losses
tail -n 1 $T/run/history.csv | awk -F, '{ exit !($4 - $3 - 0.2*$5 - $10 < 1e-5 && $3 + 0.2*$5 + $10 - $4 < 1e-5) }' && good || bad "loss is not kind + 0.2 severity + sick"
code 0 $D evaluate --weights $T/run/best.safetensors --test $C/outputs.csv --json $T/m.json
for text in "kind - loss: " "severity - loss: " " - mae: " " - rmse: " "sick - loss: " "high       " "yes       "; do prints "$text"; done
tr -d '\n' <$T/m.json >$T/m.line
if grep -q '"outputs": {"kind": {"high": {.*"severity": {"mae": .*"rmse": .*"sick": {"no": {.*}},"split"' $T/m.line; then good; else bad "metrics.json has no object for each output"; fi
if sed 's/.*"sick"//' $T/m.line | grep -q '"roc_auc": 0.9'; then good; else bad "sick is not learned: $(sed 's/.*"sick"//' $T/m.line | grep -o '"roc_auc": [0-9.]*')"; fi
if grep -q "<h2>Output kind</h2>" $T/run/report.html && grep -q "<h2>Output severity</h2>" $T/run/report.html; then good; else bad "report.html has no section for each output"; fi

# predictions, of rows with and without the labels
code 0 $D predict --weights $T/run/best.safetensors $C/outputs.csv
holds $T/out "input,kind,kind_p_high,kind_p_low,kind_p_mid,severity,sick,sick_p_yes"
if [ "$(wc -l <$T/out)" -eq 241 ]; then good; else bad "not 240 predictions"; fi
sed 1d $T/out | cut -d, -f2- >$T/labelled
cut -d, -f1,2,4,6 $C/outputs.csv >$T/unlabelled.csv
code 0 $D predict --weights $T/run/best.safetensors $T/unlabelled.csv
sed 1d $T/out | cut -d, -f2- >$T/plain
same $T/labelled $T/plain
code 0 $D predict --weights $T/run/best.safetensors --format jsonl $T/unlabelled.csv
prints '", "kind": "'
prints '", "kind_p_high": '
prints ', "sick": "'
code 0 $D predict --weights $T/run/best.safetensors --format npy --output $T/p.npy $T/unlabelled.csv
if grep -qa "'shape': (240, 5)" $T/p.npy; then good; else bad "p.npy is no array of 240 x 5"; fi
if grep -q "outputs_predict(const outputs_weights \*weights, void \*work, const float x\[4\], float y_kind\[3\], float y_severity\[1\], float y_sick\[1\])" $C/outputs.h; then good; else bad "outputs.h does not name the outputs"; fi

# resumed, and at another number of threads
code 0 $D train --out $T/two --threads 1 --epochs 5 --quiet
code 0 $D train --out $T/two --threads 1 --epochs 12 --resume --quiet
same $T/run/last.safetensors $T/two/last.safetensors
same $T/run/history.csv $T/two/history.csv

# a label that is no number, and one that is missing
sed '5s/,\([^,]*\),\([^,]*\)$/,\1,maybe/' $C/outputs.csv >$T/three.csv
code 1 $D train --train $T/three.csv --out $T/new --quiet
one_line
sed '7s/^\([^,]*,[^,]*,[^,]*,[^,]*\),[^,]*/\1,much/' $C/outputs.csv >$T/wrong.csv
code 1 $D train --train $T/wrong.csv --out $T/new --quiet
says "wrong.csv:7"
one_line
# an output that is called as an input is compared with it: an autoencoder
cat >$T/same.yaml <<'END'
name: same
data: {source: {type: image_folder, class_mode: none, rescale: 1/255}, train: {directory: films}}
model:
  input: [8, 8, 1]
  graph:
    y: Reshape([8, 8, 1])(Dense(64, activation=sigmoid)(Dense(4)(Flatten(x))))
  outputs: {image: y}
train: {loss: {image: mse}, optimizer: Adam()}
END
code 0 $NNC $T/same.yaml -o -
quiet
prints '{"image", NN_REGRESSION, 0, 0, "mean_squared_error", 1, NULL, 0}'
prints '.name = "data.image", .source = 0, .part = 0, .column = NULL,'

finish
