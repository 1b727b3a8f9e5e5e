/* SPDX-License-Identifier: MIT */
/*
 * Translates what a client was seen to say into a request, has it decided, and acts.
 *
 * An ordinary identity costs one look at its domain; only for the others are names resolved and
 * descriptors looked at, and only then is anything logged, the policy's own troubles too: else each
 * command of a session would complain.
 */
#include "guard.h"

#include <errno.h>
#include <limits.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <syslog.h>
#include <unistd.h>

#include "af_decide.h"
#include "af_descriptor.h"
#include "af_limit.h"
#include "af_policy.h"
#include "af_report.h"
#include "../socket/cut.h"
#include "../socket/evidence.h"
#include "name.h"
#include "real.h"
#include "watch.h"

static struct {
	bool awake;
	char policy[PATH_MAX];
	bool own_user;
	bool observe;
	struct af_policy_trouble trouble; /* met when the library was loaded */
	atomic_flag told;                 /* that trouble */
	struct af_resolvers resolvers;
	struct af_limit limit;
	atomic_flag reaping;
} self;

/* ---- what is told ---- */

/* The name of a program is what its caller says, so it could hold another line. */
static const char *make_tag(char tag[33])
{
	size_t i;

	for (i = 0; i < 32 && program_invocation_short_name[i] != '\0'; i++) {
		unsigned char byte = (unsigned char)program_invocation_short_name[i];

		tag[i] = byte > ' ' && byte < 0x7f && strchr("[]:<>", byte) == NULL ? (char)byte
										    : '_';
	}
	tag[i] = '\0';
	return tag;
}

/* One datagram: the host may have its own openlog(), and syslog() may wait. */
static void send_log(int priority, const char *text)
{
	static const struct sockaddr_un log = {.sun_family = AF_UNIX, .sun_path = "/dev/log"};
	char line[AFENCE_LINE_MAX + 128];
	char tag[33];
	int len = snprintf(line, sizeof(line), "<%d>%s[%d]: authfence: %s", LOG_AUTHPRIV | priority,
		make_tag(tag), (int)getpid(), text);
	int fd = af_descriptor_raise(socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));

	if (fd < 0)
		return;
	af_real.sendto(fd, line, (size_t)len < sizeof(line) ? (size_t)len : sizeof(line) - 1,
		MSG_NOSIGNAL, (const struct sockaddr *)&log, sizeof(log));
	af_real.close(fd);
}

static void log_trouble(const struct af_policy_trouble *trouble, const struct af_policy *policy)
{
	char text[AFENCE_TROUBLE_MAX];
	unsigned suppressed;

	if (trouble->file == AFENCE_OK && trouble->previous == AFENCE_OK)
		return;
	af_policy_describe_trouble(self.policy, trouble, self.own_user, policy, text);
	if (*text != '\0' && af_limit_pass(&self.limit, self.policy, af_limit_now(), &suppressed))
		send_log(LOG_ERR, text);
}

static void log_decision(
	const struct af_request *request, const struct af_decision *decision, int cut)
{
	bool excepted = decision->reason == AFENCE_REASON_EXCEPTION;
	char line[AFENCE_LINE_MAX];
	unsigned suppressed;

	if (!af_limit_pass(&self.limit, decision->rule.name, af_limit_now(), &suppressed))
		return;
	af_report_line(request, decision, cut, suppressed, line);
	send_log(excepted ? LOG_NOTICE : LOG_WARNING, line);
}

static void tell_terminal(const struct af_request *request, const struct af_decision *decision)
{
	char text[AFENCE_SENTENCE_MAX + 1];
	size_t len;

	if (!isatty(STDERR_FILENO))
		return;
	af_report_sentence(request, decision, text);
	len = strlen(text);
	text[len++] = '\n';
	(void)!af_real.write(STDERR_FILENO, text, len);
}

/* ---- the decision ---- */

static bool cut_off(struct af_evidence *evidence, const struct af_decision *decision)
{
	struct af_settings settings;
	ino_t inode;

	af_policy_settings(decision->policy, decision->service, 0, &settings);
	return settings.on_block == AFENCE_ON_BLOCK_CUT &&
	       af_evidence_certain(evidence, &decision->target, &inode) &&
	       af_cut(inode, &self.reaping);
}

/* A session of TLS that comes through it may not know where it ends. */
static void note_tunnel(const struct af_watch *watch)
{
	struct af_link link;
	int saved = errno;

	if (watch->stream.tunnel[0] != '\0' && watch->stream.protocol == NULL &&
		af_link_read(watch->fd, &link))
		af_name_note(&link.own, link.own_port, watch->stream.tunnel);
	errno = saved;
}

static bool find_tunnel(void *name, int fd)
{
	struct af_link link;

	if (af_link_read(fd, &link))
		af_name_find(&link.own, link.own_port, name);
	return *(const char *)name == '\0';
}

/* With all the evidence there is.  A host that the client named to a proxy has that one's port. */
static void look_closer(const struct af_place *place, struct af_request *request,
	struct af_evidence *evidence, char *tunnel, struct af_decision *decision)
{
	uint16_t port = request->port;

	*evidence = (struct af_evidence){.has_link = false};
	evidence->has_link = place->fd >= 0 && af_link_read(place->fd, &evidence->link);
	if (request->host == NULL && !evidence->has_link)
		af_descriptors_walk(find_tunnel, tunnel);
	if (*tunnel != '\0')
		request->host = tunnel;
	af_evidence_offer(evidence, request);
	if (port != 0)
		request->port = port;
	request->resolver =
		af_may_resolve() ? af_resolvers_find(&self.resolvers, decision->policy) : NULL;
	af_decide(decision->policy, request, decision);
}

/* For an identity that is reserved or protected.  True if it may go out. */
static bool guard(const struct af_place *place, struct af_request *request,
	struct af_decision *decision, bool *cut)
{
	char tunnel[AFENCE_SEEN_HOST_MAX + 1] = "";
	struct af_evidence evidence;

	look_closer(place, request, &evidence, tunnel, decision);
	if (decision->verdict == AFENCE_OBSERVE || decision->reason == AFENCE_REASON_EXCEPTION)
		log_decision(request, decision, -1);
	if (decision->verdict != AFENCE_BLOCK)
		return true;
	*cut = cut_off(&evidence, decision);
	log_decision(request, decision, *cut ? 1 : 0);
	tell_terminal(request, decision);
	return false;
}

static void make_request(
	const struct af_seen *seen, const struct af_place *place, struct af_request *out)
{
	bool named = seen->host[0] != '\0';

	*out = (struct af_request){.stack = AFENCE_STACK_PRELOAD, .service = seen->service};
	for (size_t i = 0; i < seen->count && i < AFENCE_SEEN_MAX; i++)
		out->login[out->login_count++] = (struct af_login){
			seen->login[i].text, seen->login[i].len, seen->login[i].form};
	if (named)
		out->host = seen->host;
	else if (place->name != NULL && place->name[0] != '\0')
		out->host = place->name;
	out->port = named ? seen->port : place->port;
	out->has_mode = self.observe;
	out->mode = AFENCE_MODE_OBSERVE;
}

/* A thread that was cancelled in here would leave its slot taken and its policy held. */
bool af_guard_allows(const struct af_seen *seen, const struct af_place *place, bool *cut)
{
	struct af_policy_trouble trouble;
	struct af_decision decision;
	struct af_request request;
	struct af_hold hold;
	int saved = errno;
	bool was_cut = false;
	bool allowed;
	int cancel;

	if (cut != NULL)
		*cut = false;
	if (!self.awake)
		return true;
	pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, &cancel);
	make_request(seen, place, &request);
	af_policy_acquire(self.policy, self.own_user, &hold, &trouble);
	if (!atomic_flag_test_and_set(&self.told))
		log_trouble(&self.trouble, hold.policy);
	log_trouble(&trouble, hold.policy);
	af_decide(hold.policy, &request, &decision);
	allowed = !af_evidence_matters(&decision) || guard(place, &request, &decision, &was_cut);
	af_policy_release(&hold);
	pthread_setcancelstate(cancel, NULL);
	if (cut != NULL)
		*cut = was_cut;
	errno = saved;
	return allowed;
}

/* ---- what goes through the hooks ---- */

bool af_guard_feed(struct af_watch *watch, const unsigned char *bytes, size_t len, bool *over)
{
	*over = false;
	while (len > 0 && !*over) {
		size_t taken = 0;
		enum af_stream_event event = af_stream_feed(&watch->stream, bytes, len, &taken);
		struct af_place place = {watch->fd, watch->name, 0};

		note_tunnel(watch);
		*over = event == AFENCE_STREAM_OVER;
		if (event != AFENCE_STREAM_LOGIN)
			break;
		bytes += taken;
		len -= taken;
		if (!af_guard_allows(&watch->stream.seen, &place, over) && !*over) {
			atomic_store(&watch->blocked, true);
			return false;
		}
	}
	return true;
}

/* Of what is about to leave, that which was not read before. */
static bool feed_parts(struct af_watch *watch, const struct iovec *part, size_t count, bool *over)
{
	size_t skip = atomic_load(&watch->ahead);
	size_t total = 0;
	bool may = !atomic_load(&watch->blocked);
	bool is_new = skip == 0;

	*over = false;
	if (is_new)
		watch->before = watch->stream;
	for (size_t i = 0; i < count && may && !*over; i++) {
		size_t old = skip < part[i].iov_len ? skip : part[i].iov_len;
		const unsigned char *bytes = part[i].iov_base;

		skip -= old;
		total += part[i].iov_len;
		may = af_guard_feed(watch, bytes + old, part[i].iov_len - old, over);
	}
	if (is_new || total != watch->undo)
		watch->undo = is_new ? total : 0;
	if (total > atomic_load(&watch->ahead))
		atomic_store(&watch->ahead, total);
	return may;
}

bool af_guard_may_send(int fd, const struct iovec *part, size_t count)
{
	struct af_watch *watch = af_watch_enter(fd);
	bool may, over;

	if (watch == NULL) {
		may = !af_watch_blocks(fd);
	} else {
		may = feed_parts(watch, part, count, &over);
		af_watch_leave(watch, over);
	}
	if (!may)
		errno = ECONNRESET;
	return may;
}

static size_t size_of(const struct iovec *part, size_t count)
{
	size_t total = 0;

	for (size_t i = 0; i < count; i++)
		total += part[i].iov_len;
	return total;
}

/* Reads LEN bytes that were judged already. */
static void read_again(struct af_stream *stream, const unsigned char *bytes, size_t len)
{
	size_t taken;

	for (; len > 0; bytes += taken, len -= taken)
		af_stream_feed(stream, bytes, len, &taken);
}

/* As if only LEN bytes of the parts had been tried. */
static void undo(struct af_watch *watch, const struct iovec *part, size_t count, size_t len)
{
	watch->stream = watch->before;
	watch->undo = 0;
	atomic_store(&watch->ahead, 0);
	for (size_t i = 0; i < count && len > 0; i++) {
		size_t taken = len < part[i].iov_len ? len : part[i].iov_len;

		read_again(&watch->stream, part[i].iov_base, taken);
		len -= taken;
	}
}

void af_guard_sent(int fd, const struct iovec *part, size_t count, ssize_t result)
{
	const size_t total = size_of(part, count);
	const size_t len = result > 0 ? (size_t)result : 0;
	struct af_watch *watch = len < total ? af_watch_enter(fd) : NULL;

	if (watch != NULL && watch->undo == total && atomic_load(&watch->ahead) == total)
		undo(watch, part, count, len);
	else
		af_watch_sent(fd, len);
	if (watch != NULL)
		af_watch_leave(watch, false);
}

/* Before the first byte: later the server may have changed its mind about nothing of this. */
static void place_session(struct af_watch *watch, int fd)
{
	struct af_link link;

	watch->fd = fd;
	if (watch->stream.total != 0 || fd < 0 || !af_link_read(fd, &link))
		return;
	watch->stream.port = link.peer_port;
	if (watch->name[0] == '\0')
		af_name_find(&link.own, link.own_port, watch->name);
	if (watch->name[0] == '\0')
		af_name_find(&link.peer, 0, watch->name);
}

bool af_guard_may_send_session(const void *session, int fd, const void *bytes, size_t len)
{
	struct af_watch *watch = af_watch_enter_session(session, true);
	struct iovec part = {(void *)bytes, bytes != NULL ? len : 0};
	int saved = errno;
	bool may, over;

	if (watch == NULL)
		return true;
	place_session(watch, fd);
	errno = saved;
	may = feed_parts(watch, &part, 1, &over);
	af_watch_leave(watch, over);
	if (!may)
		errno = ECONNRESET;
	return may;
}

/* ---- the start ---- */

static void find_policy(void)
{
	const char *path = secure_getenv("AUTHFENCE_POLICY");

	self.own_user = path != NULL && path[0] == '/' && strlen(path) < sizeof(self.policy);
	strcpy(self.policy, self.own_user ? path : AFENCE_POLICY_PATH);
}

/* What a host can no more reach after a chroot. */
static void prepare(void)
{
	struct af_hold hold;

	af_policy_acquire(self.policy, self.own_user, &hold, &self.trouble);
	af_resolvers_find(&self.resolvers, hold.policy);
	af_policy_release(&hold);
}

bool af_guard_wake(void)
{
	const char *word = secure_getenv("AUTHFENCE_PRELOAD");
	int saved = errno;

	if (getauxval(AT_SECURE) != 0 || (word != NULL && strcmp(word, "off") == 0))
		return false;
	self.observe = word != NULL && strcmp(word, "observe") == 0;
	find_policy();
	prepare();
	self.awake = true;
	errno = saved;
	return true;
}
