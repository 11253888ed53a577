/* nn_math.h: the elementwise functions of generated C, written without branches, so that the compiler makes vectors of the
 * loops they stand in. nn_real is float, or double where NN_DOUBLE is defined; double takes libm. Plain C99.
 * Float: minimax polynomials of our own; errors are at most 3 units in the last place (tests/unit/test_math.c). */
#ifndef NN_MATH_H
#define NN_MATH_H
#include <math.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#ifdef NN_DOUBLE
typedef double nn_real;
#else
typedef float nn_real;
#endif

static inline nn_real nn_abs(nn_real x) { return x < 0 ? -x : x; }
/* not-a-number in the first operand stays: a relu must not hide it from the loss */
static inline nn_real nn_max(nn_real a, nn_real b) { return a < b ? b : a; }
static inline nn_real nn_min(nn_real a, nn_real b) { return b < a ? b : a; }
static inline nn_real nn_less(nn_real a, nn_real b) { return a < b ? (nn_real)1 : (nn_real)0; }
static inline nn_real nn_equal(nn_real a, nn_real b) { return a == b ? (nn_real)1 : (nn_real)0; }
static inline nn_real nn_select(nn_real c, nn_real a, nn_real b) { return c != 0 ? a : b; }

/* A number as a row of a table of n; -1: there is no such row. */
static inline ptrdiff_t nn_index(nn_real x, ptrdiff_t n) { return x >= 0 && x < (nn_real)n ? (ptrdiff_t)x : -1; }

#ifdef NN_DOUBLE
static inline double nn_exp(double x) { return exp(x); }
static inline double nn_log(double x) { return log(x); }
static inline double nn_sqrt(double x) { return sqrt(x); }
static inline double nn_tanh(double x) { return tanh(x); }
static inline double nn_sigmoid(double x) { return 1/(1 + exp(-x)); }
static inline double nn_softplus(double x) { return nn_max(x, 0) + log1p(exp(-fabs(x))); }
static inline double nn_erf(double x) { return erf(x); }
static inline double nn_sin(double x) { return sin(x); }
static inline double nn_cos(double x) { return cos(x); }
static inline double nn_floor(double x) { return floor(x); }
static inline double nn_pow(double x, double y) { return pow(x, y); }
#else
static inline float nn_sqrt(float x) { return sqrtf(x); }
static inline float nn_sin(float x) { return sinf(x); }
static inline float nn_cos(float x) { return cosf(x); }
static inline float nn_floor(float x) { return floorf(x); }
static inline float nn_pow(float x, float y) { return powf(x, y); }

static inline int32_t nn_bits(float x)
{
	int32_t i;
	memcpy(&i, &x, sizeof i);
	return i;
}
static inline float nn_from_bits(int32_t i)
{
	float x;
	memcpy(&x, &i, sizeof x);
	return x;
}

/* exp(x) = 2^n exp(r), n = round(x/ln 2), |r| <= ln 2/2. 2^n is made of two factors, so that it may overflow and underflow. */
static inline float nn_exp(float x)
{
	x = x > 89.0f ? 89.0f : x;
	x = x < -104.0f ? -104.0f : x;
	float t = x*1.44269504f + 12582912.0f; /* 1.5·2^23: the low bits of t are n */
	float n = t - 12582912.0f;
	float r = (x - n*0.693145752f) - n*1.42860677e-6f;
	float p = 1 + (r + r*r*(0.5f + r*(0.16666573f + r*(0.0416663633f + r*(0.00836378161f + r*0.00139421992f)))));
	int32_t k = (int32_t)((uint32_t)nn_bits(t) - 0x4B400000u), half = k >> 1;
	return p*nn_from_bits((int32_t)((uint32_t)(half + 127) << 23))*nn_from_bits((int32_t)((uint32_t)(k - half + 127) << 23));
}

/* log(x) = e ln 2 + log(1 + f), x = 2^e (1 + f), 1 + f between sqrt(1/2) and sqrt(2) */
static inline float nn_log(float x)
{
	float tiny = x < 1.17549435e-38f ? 8388608.0f : 1.0f, y = x*tiny;
	int32_t i = (int32_t)((uint32_t)nn_bits(y) - 0x3F3504F3u);
	float e = (float)(i >> 23) - (x < 1.17549435e-38f ? 23.0f : 0.0f);
	float f = nn_from_bits((i & 0x7FFFFF) + 0x3F3504F3) - 1, s = f*f;
	float p = 0.333333306f + f*(-0.249999797f + f*(0.200007012f + f*(-0.166692267f
		+ f*(0.142507131f + f*(-0.123946417f + f*(0.116374450f + f*(-0.116760893f + f*0.0734425135f)))))));
	float y1 = (e*0.693359375f + (f + (s*(f*p - 0.5f) - e*2.12194440e-4f)));
	y1 = x < 3.40282347e38f ? y1 : x; /* infinity, and not-a-number */
	y1 = x == 0 ? -INFINITY : y1;
	return x < 0 ? NAN : y1;
}

static inline float nn_tanh(float x)
{
	float a = nn_abs(x), s = x*x;
	float near = x + x*s*(-0.333333290f + s*(0.133327529f + s*(-0.0538477767f + s*(0.0209803637f - s*0.00607008720f))));
	float far = 1 - 2/(nn_exp(2*a) + 1);
	far = x < 0 ? -far : far;
	return a < 0.625f ? near : x != x ? x : far;
}

static inline float nn_sigmoid(float x) { return 1/(1 + nn_exp(-x)); }

/* log(1 + exp(x)); log1p by Kahan's correction of the rounded sum */
static inline float nn_softplus(float x)
{
	float e = nn_exp(-nn_abs(x)), u = 1 + e, d = u - 1;
	float l = d == 0 ? e : nn_log(u)*(e/(d == 0 ? 1 : d));
	return nn_max(x, 0) + l;
}

static inline float nn_erf(float x)
{
	float a = nn_min(nn_abs(x), 4.1f), s = a*a;
	float near = 1.12837917f + s*(-0.376126271f + s*(0.112836002f + s*(-0.0268544445f
		+ s*(0.00518953520f + s*(-0.000802084014f + s*0.0000788911603f)))));
	float q = 1.12890243f + a*(0.634151707f + a*(0.107849135f + a*(-0.0251347745f
		+ a*(0.00430230263f + a*(-0.000498718374f + a*(0.0000344240395f - a*0.00000105151864f))))));
	float far = 1 - nn_exp(-a*q);
	float y = a < 1 ? a*near : far;
	return x != x ? x : x < 0 ? -y : y;
}
#endif

#endif
