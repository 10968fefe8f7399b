package tapedeck.rights;

import java.net.InetAddress;
import java.util.EnumMap;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import tapedeck.net.Attempts;
import tapedeck.net.http.HttpExchange;
import tapedeck.net.http.OwnSite;
import tapedeck.net.http.TrustedProxies;
import tapedeck.settings.Settings;
import tapedeck.settings.Settings.Rights.Proof;

/// Who may publish and play, as `publish_auth` and `play_auth` say. Asked once for each session, at its beginning;
/// nothing that was allowed outlives the session.
public final class Rights implements AutoCloseable {
    private static final Logger log = LoggerFactory.getLogger(Rights.class);

    private final Map<Request.Action, Guard> guards = new EnumMap<>(Request.Action.class);
    private final Map<Proof, Guard> made = new EnumMap<>(Proof.class);
    private final TrustedProxies proxies;
    private final Attempts attempts;
    private final ProblemLog refusals;

    /// With no proxy in front.
    public Rights(Settings.Rights settings) {
        this(settings, TrustedProxies.NONE);
    }

    /// @param proxies believed when they say whom they forward for
    public Rights(Settings.Rights settings, TrustedProxies proxies) {
        this(settings, proxies, System::nanoTime);
    }

    Rights(Settings.Rights settings, TrustedProxies proxies, LongSupplier nanoClock) {
        this.proxies = proxies;
        attempts = new Attempts("passwords or tokens", nanoClock);
        refusals = new ProblemLog(log::info, nanoClock, TimeUnit.SECONDS.toNanos(1));
        addGuard(Request.Action.PUBLISH, settings.publish(), settings, nanoClock);
        addGuard(Request.Action.PLAY, settings.play(), settings, nanoClock);
    }

    private void addGuard(Request.Action action, Proof proof, Settings.Rights settings, LongSupplier nanoClock) {
        if (proof == Proof.NONE) {
            return;
        }
        guards.put(action, made.computeIfAbsent(proof, wanted -> switch (wanted) {
            case NONE -> _ -> new Decision.Allowed("");
            case PASSWORD -> new PasswordGuard(new UserFile(settings.users()), attempts, nanoClock);
            case JWT -> new TokenGuard(settings.jwt(), nanoClock);
            case WEBHOOK -> new HookGuard(settings.webhook(), nanoClock);
        }));
    }

    /// Whether everybody may, so that there is nothing to ask.
    public boolean isFree(Request.Action action) {
        return !guards.containsKey(action);
    }

    /// Whether user and password are the way to show that one may; else it is a token.
    boolean takesPasswords(Request.Action action) {
        return guards.get(action) instanceof PasswordGuard;
    }

    /// Whether a peer may show by [DigestProof] who it is.
    public boolean takesDigest(Request.Action action) {
        return guards.get(action) instanceof PasswordGuard passwords && passwords.takesDigest();
    }

    /// What a peer of this address is told at once, before it has shown anything: null unless it has to wait, whatever
    /// it wants.
    public Decision.@Nullable Wait toldAtOnce(InetAddress address) {
        long waitSeconds = guards.size() < Request.Action.values().length ? 0 : attempts.waitSeconds(address);
        return waitSeconds > 0 ? haveToWait(waitSeconds) : null;
    }

    /// Whether the peer may. Takes as long as a slow hash or another server does: never for an event loop, unless
    /// [#isFree].
    public Decision may(Request request) {
        Guard guard = guards.get(request.action());
        if (guard == null) {
            return new Decision.Allowed("");
        }
        long waitSeconds = attempts.waitSeconds(request.address());
        Decision decision = waitSeconds > 0 ? haveToWait(waitSeconds) : asked(guard, request);
        if (decision instanceof Decision.Unproven unproven && unproven.cause() == Decision.Unproven.Cause.WRONG) {
            attempts.failed(request.address());
        }
        if (decision instanceof Decision.Refused refused) {
            refusals.say("%s may not %s \"%s\" over %s: %s"
                    .formatted(
                            request.address().getHostAddress(),
                            request.action().word(),
                            request.stream(),
                            request.protocol(),
                            refused.reason()));
        }
        return decision;
    }

    private static Decision asked(Guard guard, Request request) {
        try {
            return guard.may(request);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            return new Decision.Unavailable("the server stops");
        } catch (RuntimeException e) {
            // A bug: it opens no door.
            log.error("rights of {}", request.stream(), e);
            return new Decision.Unavailable("internal error");
        }
    }

    /// Asks on a thread of its own, which then calls `then`.
    public void ask(Request request, Consumer<Decision> then) {
        Thread.ofVirtual().name("rights").start(() -> then.accept(may(request)));
    }

    /// Who guesses behind a proxy is not all who come through it.
    InetAddress client(HttpExchange exchange) {
        return proxies.client(exchange).orElse(exchange.peer().getAddress());
    }

    /// Whether a page of another site makes its visitor's browser send this.
    boolean isForeign(HttpExchange exchange) {
        return OwnSite.isForeign(exchange, proxies);
    }

    static Decision.Wait haveToWait(long seconds) {
        return new Decision.Wait(
                "too many wrong passwords or tokens; try again in %d seconds".formatted(seconds), seconds);
    }

    @Override
    public void close() {
        made.values().forEach(Guard::close);
    }
}
