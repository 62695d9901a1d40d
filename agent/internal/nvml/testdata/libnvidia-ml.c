// A stand-in for NVIDIA's management library with one GPU, for tests of the
// binding. Its state is kept by the name of an environment variable, since
// the library may be unloaded and loaded again: SYSTANT_TEST_GPU=lost.
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef int nvmlReturn_t;
typedef void *nvmlDevice_t;
typedef struct { unsigned int gpu, memory; } utilization;
typedef struct { unsigned long long total, free, used; } memory;
typedef struct { unsigned int pid; unsigned long long used; unsigned int gi, ci; } process;

static int initialised;

static nvmlReturn_t state(void)
{
	const char *s = getenv("SYSTANT_TEST_GPU");
	if (!initialised)
		return 1; // NVML_ERROR_UNINITIALIZED
	return s && !strcmp(s, "lost") ? 15 : 0; // NVML_ERROR_GPU_IS_LOST
}

static nvmlReturn_t put(unsigned int *to, unsigned int value)
{
	*to = value;
	return state();
}

nvmlReturn_t nvmlInit_v2(void)
{
	const char *s = getenv("SYSTANT_TEST_GPU");
	if (s && !strcmp(s, "no driver"))
		return 9; // NVML_ERROR_DRIVER_NOT_LOADED
	initialised = 1;
	return 0;
}
nvmlReturn_t nvmlShutdown(void) { initialised = 0; return 0; }
const char *nvmlErrorString(nvmlReturn_t r) { return "test error"; }
nvmlReturn_t nvmlSystemGetDriverVersion(char *v, unsigned int n) { snprintf(v, n, "570.1"); return state(); }
nvmlReturn_t nvmlDeviceGetCount_v2(unsigned int *n) { return put(n, 1); }
nvmlReturn_t nvmlDeviceGetHandleByIndex_v2(unsigned int i, nvmlDevice_t *d) { *d = &initialised; return state(); }
nvmlReturn_t nvmlDeviceGetHandleByPciBusId_v2(const char *bus, nvmlDevice_t *d)
{
	*d = &initialised;
	return strcmp(bus, "0000:01:00.0") ? 6 : state(); // NVML_ERROR_NOT_FOUND
}
nvmlReturn_t nvmlDeviceGetUUID(nvmlDevice_t d, char *s, unsigned int n) { snprintf(s, n, "GPU-test"); return state(); }
nvmlReturn_t nvmlDeviceGetName(nvmlDevice_t d, char *s, unsigned int n) { snprintf(s, n, "Test GPU"); return state(); }
nvmlReturn_t nvmlDeviceGetUtilizationRates(nvmlDevice_t d, utilization *u) { u->gpu = 42; u->memory = 7; return state(); }
nvmlReturn_t nvmlDeviceGetMemoryInfo(nvmlDevice_t d, memory *m) { m->total = 4096; m->used = 1024; return state(); }
nvmlReturn_t nvmlDeviceGetTemperature(nvmlDevice_t d, int sensor, unsigned int *v) { return put(v, 61); }
nvmlReturn_t nvmlDeviceGetPowerUsage(nvmlDevice_t d, unsigned int *v) { return put(v, 181250); }
nvmlReturn_t nvmlDeviceGetEnforcedPowerLimit(nvmlDevice_t d, unsigned int *v) { return put(v, 300000); }
nvmlReturn_t nvmlDeviceGetFanSpeed(nvmlDevice_t d, unsigned int *v) { return 3; } // NVML_ERROR_NOT_SUPPORTED
nvmlReturn_t nvmlDeviceGetClockInfo(nvmlDevice_t d, int type, unsigned int *v) { return put(v, type == 2 ? 2619 : 1980); }
nvmlReturn_t nvmlDeviceGetEncoderUtilization(nvmlDevice_t d, unsigned int *v, unsigned int *us) { return put(v, 3); }
nvmlReturn_t nvmlDeviceGetDecoderUtilization(nvmlDevice_t d, unsigned int *v, unsigned int *us) { return put(v, 4); }
nvmlReturn_t nvmlDeviceGetComputeRunningProcesses_v3(nvmlDevice_t d, unsigned int *n, process *p)
{
	if (*n < 3) {
		*n = 3;
		return 7; // NVML_ERROR_INSUFFICIENT_SIZE
	}
	*n = 3;
	p[0] = (process){.pid = 10, .used = 100};
	p[1] = (process){.pid = 11, .used = 200};
	p[2] = (process){.pid = 12, .used = ~0ULL};
	return state();
}
nvmlReturn_t nvmlDeviceGetGraphicsRunningProcesses_v3(nvmlDevice_t d, unsigned int *n, process *p)
{
	if (*n < 1) {
		*n = 1;
		return 7;
	}
	*n = 1;
	p[0] = (process){.pid = 10, .used = 150};
	return state();
}
nvmlReturn_t nvmlDeviceGetComputeRunningProcesses(nvmlDevice_t d, unsigned int *n, process *p) { return 3; }
nvmlReturn_t nvmlDeviceGetGraphicsRunningProcesses(nvmlDevice_t d, unsigned int *n, process *p) { return 3; }
