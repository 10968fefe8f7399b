package tapedeck.rights;

import java.security.GeneralSecurityException;
import java.security.SecureRandom;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Future;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.function.LongSupplier;
import javax.crypto.Mac;
import javax.crypto.spec.SecretKeySpec;
import tapedeck.bytes.Bytes;
import tapedeck.net.Attempts;
import tapedeck.net.http.Digest;

/// User and password.
///
/// A check is slow on purpose, so few run at once, on threads of their own: neither an event loop nor the carriers of
/// virtual threads are held up. A user that nobody knows takes as long as a wrong password.
final class PasswordGuard implements Guard {
    /// Logins that wait for their turn; more are sent away.
    static final int MAX_WAITING = 64;
    /// A password that was right is known again for so long without the slow check: viewers come back in crowds.
    static final long REMEMBERED_NANOS = TimeUnit.MINUTES.toNanos(5);

    static final int MAX_REMEMBERED = 4_096;

    private static final Decision WRONG =
            new Decision.Unproven(Decision.Unproven.Cause.WRONG, "wrong user or password");
    private static final int KEY_BYTES = 32;

    private final UserFile users;
    private final Attempts attempts;
    private final LongSupplier nanoClock;
    private final ThreadPoolExecutor threads;
    private final SecretKeySpec memoryKey;
    /// Of the hash that takes the place of a user's who is not there.
    private final Bytes decoySalt;

    // Guarded by itself: which logins were right, and when. Keyed by a HMAC whose key lives as long as the server.
    private final Map<Bytes, Long> remembered = new LinkedHashMap<>();

    PasswordGuard(UserFile users, Attempts attempts, LongSupplier nanoClock) {
        this.users = users;
        this.attempts = attempts;
        this.nanoClock = nanoClock;
        memoryKey = new SecretKeySpec(random(), "HmacSHA256");
        decoySalt = Bytes.wrap(random());
        int parallel = Math.max(1, Runtime.getRuntime().availableProcessors() / 2);
        threads = new ThreadPoolExecutor(
                parallel, parallel, 1, TimeUnit.MINUTES, new ArrayBlockingQueue<>(MAX_WAITING), task -> {
                    Thread created = new Thread(task, "passwords");
                    created.setDaemon(true);
                    return created;
                });
        threads.allowCoreThreadTimeOut(true);
        // Says early in the log if there is no such file.
        users.users();
    }

    @Override
    public Decision may(Request request) throws InterruptedException {
        Request.Credentials shown = request.credentials();
        DigestProof proof = shown.digest();
        if (proof != null) {
            return digest(proof);
        }
        if (shown.user().isEmpty() && shown.password().isEmpty()) {
            return new Decision.Unproven(Decision.Unproven.Cause.MISSING, "user and password are needed");
        }
        if (shown.password().length() > PasswordHash.MAX_PASSWORD_CHARACTERS) {
            return WRONG;
        }
        Map<String, UserLine> known = users.users();
        UserLine line = known.get(shown.user());
        PasswordHash hash = line == null ? null : line.hash();
        Bytes memory = hash == null ? Bytes.EMPTY : memory(shown, hash);
        if (hash != null && isRemembered(memory)) {
            return new Decision.Allowed(shown.user());
        }
        // As long as the slowest of those that are there.
        PasswordHash checked = hash != null ? hash : decoy(known);
        Future<Decision> turn;
        try {
            turn = threads.submit(() -> check(request, checked, hash != null));
        } catch (RejectedExecutionException e) {
            return new Decision.Unavailable("too many log in at once");
        }
        try {
            Decision decision = turn.get();
            if (decision instanceof Decision.Allowed) {
                remember(memory);
            }
            return decision;
        } catch (ExecutionException e) {
            throw new IllegalStateException(e.getCause());
        } finally {
            turn.cancel(true);
        }
    }

    /// Whether everybody can show that way who they are: else those who cannot would be asked for what they do not
    /// have.
    boolean takesDigest() {
        Map<String, UserLine> known = users.users();
        return !known.isEmpty()
                && known.values().stream().allMatch(line -> line.secrets().size() == Digest.Algorithm.values().length);
    }

    private Decision digest(DigestProof proof) {
        UserLine line = users.users().get(proof.user());
        String secret = line == null ? null : line.secrets().get(proof.algorithm());
        // A user that nobody knows takes as long as a wrong password.
        boolean right = proof.isRight(secret == null ? "" : secret) && secret != null;
        return right ? new Decision.Allowed(proof.user()) : WRONG;
    }

    private PasswordHash decoy(Map<String, UserLine> known) {
        int iterations = known.values().stream()
                .mapToInt(line -> line.hash().iterations())
                .max()
                .orElse(PasswordHash.ITERATIONS);
        return new PasswordHash(iterations, decoySalt, Bytes.wrap(random()));
    }

    private static byte[] random() {
        byte[] bytes = new byte[KEY_BYTES];
        new SecureRandom().nextBytes(bytes);
        return bytes;
    }

    /// Whoever guessed too often while this waited for its turn is not looked at any more.
    private Decision check(Request request, PasswordHash hash, boolean known) {
        long waitSeconds = attempts.waitSeconds(request.address());
        if (waitSeconds > 0) {
            return Rights.haveToWait(waitSeconds);
        }
        boolean right = hash.matches(request.credentials().password()) && known;
        return right ? new Decision.Allowed(request.credentials().user()) : WRONG;
    }

    private boolean isRemembered(Bytes memory) {
        synchronized (remembered) {
            Long since = remembered.get(memory);
            return since != null && nanoClock.getAsLong() - since < REMEMBERED_NANOS;
        }
    }

    private void remember(Bytes memory) {
        synchronized (remembered) {
            remembered.remove(memory);
            remembered.put(memory, nanoClock.getAsLong());
            Iterator<Bytes> oldest = remembered.keySet().iterator();
            while (remembered.size() > MAX_REMEMBERED) {
                oldest.next();
                oldest.remove();
            }
        }
    }

    /// With the line of the file in it, so that a changed line is a login that nobody remembers.
    private Bytes memory(Request.Credentials shown, PasswordHash hash) {
        try {
            Mac mac = Mac.getInstance("HmacSHA256");
            mac.init(memoryKey);
            String all = shown.user() + '\0' + hash.text() + '\0' + shown.password();
            return Bytes.wrap(mac.doFinal(Bytes.ofUtf8(all).toByteArray()));
        } catch (GeneralSecurityException e) {
            throw new IllegalStateException("every JDK has HmacSHA256", e);
        }
    }

    @Override
    public void close() {
        threads.shutdownNow();
    }
}
