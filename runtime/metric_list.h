/* metric_list.h: the words a spec may say under `metrics:`, once for the compiler that checks them and the runtime that
 * computes them: X(name, kind, direction), direction 1 when higher is better, -1 when lower is. No other header is
 * needed. */
/* clang-format off */
#define NN_METRICS(X) \
	X("accuracy", ACCURACY, 1) X("acc", ACCURACY, 1) X("binary_accuracy", BINARY_ACCURACY, 1) \
	X("categorical_accuracy", ACCURACY, 1) X("sparse_categorical_accuracy", ACCURACY, 1) \
	X("precision", PRECISION, 1) X("recall", RECALL, 1) X("f1", F1, 1) X("f1_score", F1, 1) \
	X("dice", DICE, 1) X("iou", IOU, 1) X("mean_iou", IOU, 1) \
	X("auc", AUC, 1) X("roc_auc", AUC, 1) \
	X("mae", MAE, -1) X("mean_absolute_error", MAE, -1) X("mse", MSE, -1) X("mean_squared_error", MSE, -1) \
	X("perplexity", PERPLEXITY, -1) \
	X("rmse", RMSE, -1) X("root_mean_squared_error", RMSE, -1) X("r2", R2, 1) X("r2_score", R2, 1) \
	X("mase", MASE, -1) X("mean_absolute_scaled_error", MASE, -1) X("smape", SMAPE, -1) \
	X("symmetric_mean_absolute_percentage_error", SMAPE, -1)
