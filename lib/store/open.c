/* Stores: opening by name. */
#include "store/backend.h"

#include <dlfcn.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static int memory(struct msp_error *err)
{
	return msp_error_set(err, MSP_NOMEM, "no memory left");
}

static bool begins(const char *text, const char *with)
{
	return strncmp(text, with, strlen(with)) == 0;
}

/* ---- names ------------------------------------------------------------- */

static bool is_mongo(const char *text)
{
	return begins(text, "mongodb://") || begins(text, "mongodb+srv://") || begins(text, "mongodb:");
}

bool msp_store_is(const char *text)
{
	size_t n = strlen(text);

	return is_mongo(text) || (n > 5 && strcmp(text + n - 5, ".msdb") == 0);
}

/* `mongodb:` is what MSP_MONGODB_URI says, `mongodb:@FILE` the first line of FILE: so no password need stand on a command line. */
static int indirect_uri(const char *text, char **out, struct msp_error *err)
{
	const char *from = text + strlen("mongodb:"), *env = getenv("MSP_MONGODB_URI");
	char *line = NULL;
	size_t room = 0;
	FILE *f;

	if (*from == '\0') {
		if (!env || !*env)
			return msp_error_set(err, MSP_USAGE, "%s: MSP_MONGODB_URI is not set", text);
		*out = strdup(env);
		return *out ? MSP_OK : memory(err);
	}
	f = fopen(from + 1, "re");
	if (!f)
		return msp_error_errno(err, MSP_FAIL, "%s", from + 1);
	errno = 0;
	if (getline(&line, &room, f) < 0) {
		free(line);
		fclose(f);
		return msp_error_set(err, MSP_FAIL, "%s: %s", from + 1, errno ? strerror(errno) : "no URI in it");
	}
	fclose(f);
	line[strcspn(line, " \t\r\n")] = '\0';
	*out = line;
	return MSP_OK;
}

bool msp_store_is_new(const char *text)
{
	struct stat st;

	return msp_store_is(text) && !is_mongo(text) && lstat(text, &st) != 0 && errno == ENOENT;
}

int msp_store_makeable(const char *text, struct msp_error *err)
{
	const char *slash = strrchr(text, '/');
	char *directory = slash ? strndup(text, (size_t)(slash + 1 - text)) : strdup(".");
	int r = MSP_OK;

	if (!directory)
		return memory(err);
	if (access(directory, W_OK | X_OK) != 0)
		r = msp_error_errno(err, MSP_FAIL, "%s", text);
	free(directory);
	return r;
}

/* ---- opening ----------------------------------------------------------- */

/* libmongoc takes longer to load than a small job to run: what needs it is a module beside this library. */
static int load_mongo(msp_mongo_open_fn **out, struct msp_error *err)
{
	static const char module[] = "libmspipe-mongo.so";
	Dl_info self;
	const char *slash;
	char *path;
	void *handle;
	union { void *symbol; msp_mongo_open_fn *open; } found;

	if (!dladdr((const void *)module, &self) || !self.dli_fname)
		return msp_error_set(err, MSP_FAIL, "where %s is cannot be found out", module);
	slash = strrchr(self.dli_fname, '/');
	path = malloc(strlen(self.dli_fname) + sizeof(module) + 1);
	if (!path)
		return memory(err);
	memcpy(path, self.dli_fname, slash ? (size_t)(slash + 1 - self.dli_fname) : 0);
	memcpy(path + (slash ? slash + 1 - self.dli_fname : 0), module, sizeof(module));
	/* Else libmongoc counts in a file of /dev/shm named after the process. A killed process leaves it there, and the next one
	 * of that number would warn of it on standard error while it is loaded, before anybody can ask it not to. */
	(void)setenv("MONGOC_DISABLE_SHM", "1", 0);
	handle = dlopen(path, RTLD_NOW | RTLD_LOCAL);
	free(path);
	if (!handle)
		return msp_error_set(err, MSP_FAIL, "MongoDB: %s", dlerror());
	found.symbol = dlsym(handle, "msp_mongo_open"); /* it stays loaded */
	if (!found.symbol)
		return msp_error_set(err, MSP_FAIL, "MongoDB: %s is not of this version", module);
	*out = found.open;
	return MSP_OK;
}

static int open_mongo(const char *text, struct msp_store **out, struct msp_error *err)
{
	msp_mongo_open_fn *open = NULL;
	char *uri = NULL, *name;
	int s = MSP_OK;

	if (strcmp(text, "mongodb:") == 0 || begins(text, "mongodb:@"))
		s = indirect_uri(text, &uri, err);
	if (s != MSP_OK)
		return s;
	name = msp_uri_harmless(uri ? uri : text);
	s = name ? load_mongo(&open, err) : memory(err);
	if (s == MSP_OK)
		s = open(uri ? uri : text, name, out, err);
	if (s == MSP_OK && (*out)->backend->version != MSP_BACKEND_VERSION)
		s = msp_error_set(err, MSP_FAIL, "MongoDB: libmspipe-mongo.so is not of this version");
	if (uri)
		memset(uri, 0, strlen(uri));
	free(uri);
	if (s == MSP_OK)
		(*out)->name = name;
	else
		free(name);
	return s;
}

int msp_store_open(const char *uri, unsigned flags, struct msp_store **out, struct msp_error *err)
{
	return msp_store_open_with(uri, flags, NULL, NULL, out, err);
}

int msp_store_open_with(const char *uri, unsigned flags, int (*poll)(void *context), void *context, struct msp_store **out, struct msp_error *err)
{
	int s;

	*out = NULL;
	if (flags & MSP_STORE_CREATE)
		flags |= MSP_STORE_WRITE;
	if (!msp_store_is(uri))
		return msp_error_set(err, MSP_USAGE, "%s: not the name of a store (it ends with .msdb, or begins with mongodb://)", uri);
	if (is_mongo(uri)) {
		s = open_mongo(uri, out, err);
	} else {
		s = msp_sqlite_open(uri, flags, poll, context, out, err);
		if (s == MSP_OK && !((*out)->name = strdup(uri))) {
			(void)msp_store_close(*out, NULL);
			*out = NULL;
			return memory(err);
		}
	}
	if (s == MSP_OK)
		(*out)->writable = flags & MSP_STORE_WRITE;
	return s;
}

int msp_store_close(struct msp_store *s, struct msp_error *err)
{
	int r;

	if (!s)
		return MSP_OK;
	r = s->backend->close(s, err);
	free(s->name);
	free(s);
	return r;
}

const char *msp_store_name(const struct msp_store *s)
{
	return s->name;
}
