/* fake_model.h: a linear model written by hand as nnc would generate it, so that the runtime can be tested without a
 * compiler. Included once for each model wanted, after #define FAKE fake_binary           the prefix; FAKE_model is the
 * descriptor #define FAKE_NUMBER float          or double #define FAKE_UNITS 1               outputs #define FAKE_TASK
 * NN_BINARY        sigmoid and cross-entropy; NN_MULTICLASS: softmax; NN_REGRESSION: mean squared error Four features
 * come from a csv with a header, the label from its last column. Training adds noise keyed by seed, step and row to the
 * features and follows SGD with momentum. The test fills FAKE_training and FAKE_data where it wants other settings. */
#include <math.h>
#include <string.h>
#include "nn.h"

#ifndef FAKE_ONCE
#define FAKE_ONCE
enum { FAKE_FEATURES = 4, FAKE_BATCH = 8 };
#define FAKE_JOIN2(a, b) a##_##b
#define FAKE_JOIN(a, b) FAKE_JOIN2(a, b)
#define FAKE_(name) FAKE_JOIN(FAKE, name)
#define FAKE_TEXT2(a) #a
#define FAKE_TEXT(a) FAKE_TEXT2(a)

static inline double fake_noise(uint64_t seed, uint64_t step, int row, int feature) {
	uint64_t x = seed * 0x9e3779b97f4a7c15u + step * 0xbf58476d1ce4e5b9u +
	             (uint64_t)(row * 64 + feature + 1) * 0x94d049bb133111ebu;
	x = (x ^ x >> 30) * 0xbf58476d1ce4e5b9u, x = (x ^ x >> 27) * 0x94d049bb133111ebu;
	return (double)((x ^ x >> 31) >> 40) * 0x1p-24 - 0.5;
}
#endif

typedef struct FAKE_(state) {
	FAKE_NUMBER kernel[FAKE_FEATURES][FAKE_UNITS], bias[FAKE_UNITS];
	FAKE_NUMBER impute[FAKE_FEATURES], offset[FAKE_FEATURES], scale[FAKE_FEATURES];
	FAKE_NUMBER learning_rate, kernel_m[FAKE_FEATURES][FAKE_UNITS], bias_m[FAKE_UNITS];
} FAKE_(state);

typedef struct FAKE_(work) {
	FAKE_NUMBER x[FAKE_BATCH][FAKE_FEATURES], label[FAKE_BATCH], y[FAKE_BATCH][FAKE_UNITS], loss;
	FAKE_NUMBER kernel_gradient[FAKE_FEATURES][FAKE_UNITS], bias_gradient[FAKE_UNITS];
	FAKE_NUMBER noisy[FAKE_BATCH][FAKE_FEATURES];
} FAKE_(work);

static int FAKE_(initialize)(void *state, void *work, const nn_call *call) {
	FAKE_(state) *s = state;
	(void)work;
	for (int i = 0; i < FAKE_FEATURES; i++)
		for (int k = 0; k < FAKE_UNITS; k++) s->kernel[i][k] = (FAKE_NUMBER)fake_noise(call->seed, 1, k, i);
	s->learning_rate = (FAKE_NUMBER)0.1;
	return NN_OK;
}

/* x (rows, F) -> y (rows, U), the loss, and d loss / d z in place of y when gradient */
static void FAKE_(forward)(const FAKE_(state) * s, FAKE_(work) * w, const nn_call *call, int training,
                           FAKE_NUMBER slope[][FAKE_UNITS]) {
	double loss = 0;
	for (int r = 0; r < call->rows; r++) {
		double z[FAKE_UNITS], p[FAKE_UNITS], sum = 0;
		for (int i = 0; i < FAKE_FEATURES; i++)
			w->noisy[r][i] =
			        (FAKE_NUMBER)(w->x[r][i] +
			                      (training ? 0.1 * fake_noise(call->seed, call->step + 7, r, i) : 0));
		for (int k = 0; k < FAKE_UNITS; k++) {
			z[k] = s->bias[k];
			for (int i = 0; i < FAKE_FEATURES; i++) z[k] += (double)w->noisy[r][i] * s->kernel[i][k];
			p[k] = FAKE_TASK == NN_BINARY       ? 1 / (1 + exp(-z[k]))
			       : FAKE_TASK == NN_MULTICLASS ? exp(z[k])
			                                    : z[k];
			sum += p[k];
		}
		for (int k = 0; k < FAKE_UNITS; k++) {
			double target = FAKE_TASK == NN_MULTICLASS ? w->label[r] == k : w->label[r];
			if (FAKE_TASK == NN_MULTICLASS) p[k] /= sum;
			if (FAKE_TASK == NN_REGRESSION)
				loss += (p[k] - target) * (p[k] - target);
			else if (FAKE_TASK == NN_MULTICLASS)
				loss -= target * log(p[k]);
			else
				loss += fmax(z[k], 0) - z[k] * target + log1p(exp(-fabs(z[k])));
			w->y[r][k] = (FAKE_NUMBER)p[k];
			if (slope)
				slope[r][k] = (FAKE_NUMBER)((FAKE_TASK == NN_REGRESSION ? 2 : 1) * (p[k] - target) /
				                            call->rows);
		}
	}
	w->loss = (FAKE_NUMBER)(loss / call->rows);
}

static void FAKE_(backward)(const FAKE_(state) * s, FAKE_(work) * w, const nn_call *call) {
	FAKE_NUMBER slope[FAKE_BATCH][FAKE_UNITS];
	FAKE_(forward)(s, w, call, 1, slope);
	memset(w->kernel_gradient, 0, sizeof w->kernel_gradient);
	memset(w->bias_gradient, 0, sizeof w->bias_gradient);
	for (int r = 0; r < call->rows; r++)
		for (int k = 0; k < FAKE_UNITS; k++) {
			for (int i = 0; i < FAKE_FEATURES; i++)
				w->kernel_gradient[i][k] += w->noisy[r][i] * slope[r][k];
			w->bias_gradient[k] += slope[r][k];
		}
}

static int FAKE_(gradients)(void *state, void *work, const nn_call *call) {
	FAKE_(backward)(state, work, call);
	return NN_OK;
}

static int FAKE_(train)(void *state, void *work, const nn_call *call) {
	FAKE_(state) *s = state;
	FAKE_(work) *w = work;
	FAKE_(backward)(s, w, call);
	if (!isfinite(w->loss)) return NN_NOT_FINITE;
	for (int k = 0; k < FAKE_UNITS; k++) {
		for (int i = 0; i < FAKE_FEATURES; i++) {
			s->kernel_m[i][k] =
			        (FAKE_NUMBER)0.9 * s->kernel_m[i][k] - s->learning_rate * w->kernel_gradient[i][k];
			s->kernel[i][k] += s->kernel_m[i][k];
		}
		s->bias_m[k] = (FAKE_NUMBER)0.9 * s->bias_m[k] - s->learning_rate * w->bias_gradient[k];
		s->bias[k] += s->bias_m[k];
	}
	return NN_OK;
}

static int FAKE_(evaluate)(void *state, void *work, const nn_call *call) {
	FAKE_(forward)(state, work, call, 0, NULL);
	return NN_OK;
}

#define FAKE_AT(field) offsetof(FAKE_(state), field) / sizeof(FAKE_NUMBER)
static const nn_tensor FAKE_(tensors)[] = {
        {"dense/kernel", NN_WEIGHT, 1, 2, {FAKE_FEATURES, FAKE_UNITS}, FAKE_AT(kernel), FAKE_FEATURES *FAKE_UNITS},
        {"dense/bias", NN_WEIGHT, 1, 1, {FAKE_UNITS}, FAKE_AT(bias), FAKE_UNITS},
        {"data/impute", NN_FITTED, 0, 1, {FAKE_FEATURES}, FAKE_AT(impute), FAKE_FEATURES},
        {"data/offset", NN_FITTED, 0, 1, {FAKE_FEATURES}, FAKE_AT(offset), FAKE_FEATURES},
        {"data/scale", NN_FITTED, 0, 1, {FAKE_FEATURES}, FAKE_AT(scale), FAKE_FEATURES},
        {"train/learning_rate", NN_SCALAR, 0, 0, {0}, FAKE_AT(learning_rate), 1},
        {"train/dense/kernel/m",
         NN_SLOT,
         0,
         2,
         {FAKE_FEATURES, FAKE_UNITS},
         FAKE_AT(kernel_m),
         FAKE_FEATURES *FAKE_UNITS},
        {"train/dense/bias/m", NN_SLOT, 0, 1, {FAKE_UNITS}, FAKE_AT(bias_m), FAKE_UNITS},
};
#define FAKE_IN(field) offsetof(FAKE_(work), field)
static const nn_field FAKE_(inputs)[] = {
        {"data.features", 1, {FAKE_FEATURES}, 1, FAKE_IN(x), FAKE_FEATURES},
        {"data.label", 0, {0}, 1, FAKE_IN(label), 1},
};
static const nn_field FAKE_(outputs)[] = {
        {"loss", 0, {0}, 0, FAKE_IN(loss), 1},
        {"y", 1, {FAKE_UNITS}, 1, FAKE_IN(y), FAKE_UNITS},
        {"gradient dense/kernel",
         2,
         {FAKE_FEATURES, FAKE_UNITS},
         0,
         FAKE_IN(kernel_gradient),
         FAKE_FEATURES *FAKE_UNITS},
        {"gradient dense/bias", 1, {FAKE_UNITS}, 0, FAKE_IN(bias_gradient), FAKE_UNITS},
};
static const nn_program FAKE_(programs)[] = {
        {"initialize", 1, NULL, NULL, 0, 0, 0, 0, 0, FAKE_(initialize)},
        {"train", FAKE_BATCH, FAKE_(inputs), FAKE_(outputs), 2, 2, 3.0 * FAKE_BATCH *FAKE_FEATURES *FAKE_UNITS,
         0, 0, FAKE_(train)},
        {"evaluate", FAKE_BATCH, FAKE_(inputs), FAKE_(outputs), 2, 2, 1.0 * FAKE_BATCH *FAKE_FEATURES *FAKE_UNITS,
         0, 0, FAKE_(evaluate)},
        {"predict", 1, FAKE_(inputs), FAKE_(outputs) + 1, 1, 1, 1.0 * FAKE_FEATURES *FAKE_UNITS, 0, 0, FAKE_(evaluate)},
        {"gradients", FAKE_BATCH, FAKE_(inputs), FAKE_(outputs), 2, 4, 2.0 * FAKE_BATCH *FAKE_FEATURES *FAKE_UNITS,
         0, 0, FAKE_(gradients)},
};
static const char *const FAKE_(label)[] = {"-1"};
static nn_data_source FAKE_(source) = {.type = "csv",
                                       .header = 1,
                                       .label = {FAKE_(label), 1},
                                       .normalize = NN_NORMALIZE_STANDARD,
                                       .impute = NN_IMPUTE_MEAN,
                                       .separator = ",",
                                       .max_unreadable = 0.01};
static const nn_data_field FAKE_(fields)[] = {
        {.name = "data.features", .rank = 1, .shape = {FAKE_FEATURES}, .count = FAKE_FEATURES, .fitted = "data"},
        {.name = "data.label",
         .part = 1,
         .count = 1,
         .label = 1,
         .classed = FAKE_TASK == NN_BINARY || FAKE_TASK == NN_MULTICLASS,
         .class_count = FAKE_TASK == NN_BINARY       ? 2
                        : FAKE_TASK == NN_MULTICLASS ? FAKE_UNITS
                                                     : 0},
};
static const nn_layer FAKE_(layers)[] = {
        {"dense", "Dense", "(None, " FAKE_TEXT(FAKE_UNITS) ")", FAKE_FEATURES *FAKE_UNITS + FAKE_UNITS}};
static const char *const FAKE_(metrics)[] = {FAKE_TASK == NN_REGRESSION ? "mae" : "accuracy",
                                             FAKE_TASK == NN_REGRESSION ? "r2" : "auc"};

#ifndef FAKE_CALLBACKS
#define FAKE_CALLBACKS NULL
#define FAKE_CALLBACK_COUNT 0
#endif
static const nn_output FAKE_(model_outputs)[] = {
        {.name = "y", .task = FAKE_TASK, .label = 1, .weight = 1, .metrics = FAKE_(metrics), .metric_count = 2}};

static inline nn_model FAKE_(model)(void) {
	static const char *const spec[] = {"name: " FAKE_TEXT(FAKE) "\n", "# <script>alert(1)</script> & \"quotes\"\n", NULL};
	nn_model model = {.abi = NN_ABI,
	                  .name = FAKE_TEXT(FAKE),
	                  .version = "0.1.0",
	                  .spec_hash = "0123456789abcdef",
	                  .target = "portable",
	                  .number_size = sizeof(FAKE_NUMBER),
	                  .seed = 7,
	                  .outputs = FAKE_(model_outputs),
	                  .output_count = 1,
	                  .tensors = FAKE_(tensors),
	                  .tensor_count = 8,
	                  .state_count = sizeof(FAKE_(state)) / sizeof(FAKE_NUMBER),
	                  .inference_count = FAKE_AT(learning_rate),
	                  .work_bytes = sizeof(FAKE_(work)),
	                  .predict_work_bytes = sizeof(FAKE_(work)),
	                  .programs = FAKE_(programs),
	                  .program_count = 5,
	                  .layers = FAKE_(layers),
	                  .layer_count = 1,
	                  .parameters = FAKE_FEATURES * FAKE_UNITS + FAKE_UNITS,
	                  .trainable_parameters = FAKE_FEATURES * FAKE_UNITS + FAKE_UNITS,
	                  .data = {.sources = &FAKE_(source), .source_count = 1, .fields = FAKE_(fields), .field_count = 2},
	                  .training = {.batch_size = FAKE_BATCH,
	                               .epochs = 5,
	                               .shuffle = 1,
	                               .callbacks = FAKE_CALLBACKS,
	                               .callback_count = FAKE_CALLBACK_COUNT,
	                               .optimizer = "SGD(0.1, momentum=0.9)",
	                               .loss = FAKE_TASK == NN_BINARY       ? "binary_crossentropy"
	                                       : FAKE_TASK == NN_MULTICLASS ? "sparse_categorical_crossentropy"
	                                                                    : "mse",
	                               .learning_rate = 0.1},
	                  .spec = spec};
	return model;
}
#undef FAKE_AT
#undef FAKE_IN
#undef FAKE
#undef FAKE_NUMBER
#undef FAKE_UNITS
#undef FAKE_TASK
