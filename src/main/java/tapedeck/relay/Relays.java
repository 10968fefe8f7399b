package tapedeck.relay;

import java.io.IOException;
import java.net.InetAddress;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.SplittableRandom;
import java.util.TreeSet;
import java.util.concurrent.TimeUnit;
import java.util.function.Supplier;
import tapedeck.bytes.MalformedException;
import tapedeck.net.tls.ClientTls;
import tapedeck.settings.Settings;
import tapedeck.settings.SettingsException;
import tapedeck.stream.Publisher;
import tapedeck.stream.Stream;
import tapedeck.stream.StreamName;
import tapedeck.stream.Streams;

/// All pulls and pushes: those of the settings and those that somebody asks for while the server runs.
public final class Relays implements AutoCloseable {
    /// That run at once.
    static final int MAX_RELAYS = 512;
    /// To or from one host and port.
    static final int MAX_PER_TARGET = 64;
    /// Those that have ended are shown for so long, and so many of them.
    static final long ENDED_SHOWN_NANOS = 60_000_000_000L;

    static final int MAX_ENDED_SHOWN = 64;
    private static final Duration CLOSE = Duration.ofSeconds(5);
    private static final String RECORD = "record";

    private record Ended(RelayReport report, RelayAddress address, long atNanos) {}

    private final Settings.Relays settings;
    private final Streams streams;
    private final RelayNetwork network;
    private final Supplier<Backoff> backoffs;
    private final Map<String, PullClient> pullClients = new HashMap<>();
    private final Map<String, PushClient> pushClients = new HashMap<>();

    // Guarded by this.
    private final Map<String, Relay> running = new LinkedHashMap<>();
    private final Deque<Ended> ended = new ArrayDeque<>();
    private boolean closed;

    public Relays(Settings.Relays settings, Streams streams) throws SettingsException {
        this(settings, streams, InetAddress::getAllByName, () -> new Backoff(new SplittableRandom()));
    }

    /// @param resolver how names are looked up
    /// @param backoffs for each relay one
    Relays(Settings.Relays settings, Streams streams, RelayNetwork.Resolver resolver, Supplier<Backoff> backoffs)
            throws SettingsException {
        this.backoffs = backoffs;
        this.settings = settings;
        this.streams = streams;
        network = new RelayNetwork(AllowedAddresses.of(settings.allow()), ClientTls.of(settings.tlsCa()), resolver);
        streams.addListener(new Streams.Listener() {
            @Override
            public void published(Stream stream) {
                Relays.this.published(stream.name());
            }

            @Override
            public void ended(Stream stream, String reason) {}
        });
    }

    /// Before anything is started.
    public Relays pullWith(PullClient client) {
        client.schemes().forEach(scheme -> put(pullClients, scheme, client));
        return this;
    }

    /// Before anything is started.
    public Relays pushWith(PushClient client) {
        client.schemes().forEach(scheme -> put(pushClients, scheme, client));
        return this;
    }

    private static <C> void put(Map<String, C> clients, String scheme, C client) {
        if (clients.putIfAbsent(scheme, client) != null) {
            throw new IllegalArgumentException("two clients for " + scheme);
        }
    }

    /// What the settings ask for.
    public void startConfigured() throws SettingsException {
        start("pull", settings.pulls());
        start("push", settings.pushes());
    }

    private void start(String key, List<Settings.Relayed> all) throws SettingsException {
        for (Settings.Relayed one : all) {
            try {
                StreamName name = new StreamName(one.name());
                RelayAddress address = RelayAddress.parse(one.address());
                Relay.Order order = new Relay.Order(name, address, one.options(), true);
                start(key.equals("pull") ? pull(order) : push(order));
            } catch (RelayRefusedException | MalformedException e) {
                throw new SettingsException("%s=%s …: %s".formatted(key, one.name(), e.getMessage()));
            }
        }
    }

    /// Fetches a stream until it is over, [#terminate] is called, or it is given up.
    ///
    /// @param options `record` (`true` or `false`); what else there may be is the protocol's
    /// @throws RelayRefusedException if that cannot be; nothing was started
    public RelayReport pull(String address, StreamName name, Map<String, String> options) throws RelayRefusedException {
        Relay.Order order = new Relay.Order(name, RelayAddress.parse(address), Map.copyOf(options), false);
        Relay relay = pull(order);
        reachable(order);
        if (streams.find(name).isPresent()) {
            throw new RelayRefusedException(
                    RelayRefusedException.Reason.CONFLICT, "stream \"%s\" is already being published".formatted(name));
        }
        return start(relay);
    }

    /// Sends a stream until it is over, [#terminate] is called, or it is given up.
    ///
    /// @throws RelayRefusedException if that cannot be; nothing was started
    public RelayReport push(StreamName name, String address, Map<String, String> options) throws RelayRefusedException {
        Relay.Order order = new Relay.Order(name, RelayAddress.parse(address), Map.copyOf(options), false);
        Relay relay = push(order);
        if (streams.find(name).isEmpty()) {
            throw new RelayRefusedException(
                    RelayRefusedException.Reason.NO_SUCH_STREAM, "nobody publishes \"%s\"".formatted(name));
        }
        reachable(order);
        return start(relay);
    }

    /// Whoever asks is told at once what would go wrong at the first try.
    private void reachable(Relay.Order order) throws RelayRefusedException {
        try {
            RelayTarget _ = network.target(order.address(), order.options(), 0);
        } catch (RelayRefusedException e) {
            throw e;
        } catch (IOException e) {
            throw new RelayRefusedException(RelayRefusedException.Reason.ADDRESS, String.valueOf(e.getMessage()));
        }
    }

    private Relay pull(Relay.Order order) throws RelayRefusedException {
        PullClient client = client(pullClients, order);
        Publisher.RecordWish recording = switch (order.options().getOrDefault(RECORD, "")) {
            case "" -> Publisher.RecordWish.AS_CONFIGURED;
            case "true" -> Publisher.RecordWish.YES;
            case "false" -> Publisher.RecordWish.NO;
            default ->
                throw new RelayRefusedException(RelayRefusedException.Reason.ADDRESS, "record: true or false allowed");
        };
        long holdNanos = TimeUnit.SECONDS.toNanos(settings.holdSeconds());
        String shown = order.address().shown();
        return new Relay(
                order,
                network,
                backoffs.get(),
                relay -> new Pull(client, streams, order.name(), shown, recording, holdNanos, relay),
                this::ended);
    }

    private Relay push(Relay.Order order) throws RelayRefusedException {
        PushClient client = client(pushClients, order);
        return new Relay(
                order, network, backoffs.get(), relay -> new Push(client, streams, order.name(), relay), this::ended);
    }

    private static <C> C client(Map<String, C> clients, Relay.Order order) throws RelayRefusedException {
        C client = clients.get(order.address().scheme());
        if (client == null) {
            throw new RelayRefusedException(
                    RelayRefusedException.Reason.ADDRESS,
                    "address: %s:// is not known here; %s are"
                            .formatted(order.address().scheme(), String.join(", ", new TreeSet<>(clients.keySet()))));
        }
        return client;
    }

    private RelayReport start(Relay relay) throws RelayRefusedException {
        synchronized (this) {
            admit(relay);
            running.put(relay.id(), relay);
        }
        streams.opened(relay.session());
        relay.start();
        return relay.relayReport();
    }

    private void admit(Relay relay) throws RelayRefusedException {
        Relay.Order order = relay.order();
        if (closed) {
            throw new RelayRefusedException(RelayRefusedException.Reason.LIMIT, "the server stops");
        }
        int same = 0;
        for (Relay other : running.values()) {
            if (other.isOver()) {
                continue;
            }
            Relay.Order theirs = other.order();
            boolean sameWay = other.work().direction() == relay.work().direction();
            boolean sameName = theirs.name().equals(order.name());
            switch (relay.work()) {
                case Pull _ -> {
                    if (sameWay && sameName) {
                        throw conflict("\"%s\" is being pulled already".formatted(order.name()));
                    }
                }
                case Push _ -> {
                    if (sameWay && sameName && theirs.address().equals(order.address())) {
                        throw conflict("\"%s\" is being pushed there already".formatted(order.name()));
                    }
                }
            }
            same += theirs.address().sharesHost(order.address()) ? 1 : 0;
        }
        if (running.size() >= MAX_RELAYS || same >= MAX_PER_TARGET) {
            throw new RelayRefusedException(
                    RelayRefusedException.Reason.LIMIT,
                    same >= MAX_PER_TARGET
                            ? "%d pulls and pushes with %s run already"
                                    .formatted(same, order.address().hostAndPort())
                            : "%d pulls and pushes run already".formatted(MAX_RELAYS));
        }
    }

    private static RelayRefusedException conflict(String message) {
        return new RelayRefusedException(RelayRefusedException.Reason.CONFLICT, message);
    }

    private void ended(Relay relay) {
        streams.closed(relay.session());
        synchronized (this) {
            running.remove(relay.id());
            ended.addLast(new Ended(relay.relayReport(), relay.order().address(), System.nanoTime()));
            if (ended.size() > MAX_ENDED_SHOWN) {
                ended.removeFirst();
            }
        }
    }

    private void published(StreamName name) {
        for (Relay relay : running()) {
            if (relay.work() instanceof Push push) {
                push.published(name);
            }
        }
    }

    private synchronized List<Relay> running() {
        return List.copyOf(running.values());
    }

    /// Those that run, oldest first, behind those that ended a moment ago.
    public List<RelayReport> all() {
        List<RelayReport> all = new ArrayList<>();
        List<Relay> now;
        synchronized (this) {
            long nanos = System.nanoTime();
            ended.removeIf(one -> nanos - one.atNanos() > ENDED_SHOWN_NANOS);
            ended.forEach(one -> all.add(one.report()));
            // Under one lock: what ends in between would be in neither.
            now = List.copyOf(running.values());
        }
        now.forEach(relay -> all.add(relay.relayReport()));
        return all;
    }

    /// @return whether it ran
    public boolean terminate(String id, String reason) {
        Relay relay;
        synchronized (this) {
            relay = running.get(id);
        }
        // One that is over is shown as such before it is taken off the list.
        if (relay == null || relay.isOver()) {
            return false;
        }
        relay.end(reason);
        return true;
    }

    /// What can be done with a pull that runs, beyond ending it: for those of files.
    public Optional<PullControls> controls(String id) {
        Relay relay;
        synchronized (this) {
            relay = running.get(id);
        }
        return relay == null ? Optional.empty() : relay.controls();
    }

    /// Whether this pull or push is one with that address: as it was asked for, with or without password, or as its
    /// report shows it.
    public boolean isAt(String id, boolean push, String address) {
        return address(id).map(typed -> typed.isMeantBy(address, push)).orElse(false);
    }

    /// Whether the stream has this name there: it stands at the end of the address.
    public boolean isNamed(String id, String remoteName) {
        return address(id).map(typed -> typed.rest().endsWith("/" + remoteName)).orElse(false);
    }

    private synchronized Optional<RelayAddress> address(String id) {
        Relay relay = running.get(id);
        return relay != null
                ? Optional.of(relay.order().address())
                : ended.stream()
                        .filter(one -> one.report().id().equals(id))
                        .map(Ended::address)
                        .findAny();
    }

    /// A name for a stream that was asked for by its address alone: host and path, without what names may not have.
    public static StreamName nameOf(String address) throws RelayRefusedException {
        RelayAddress typed = RelayAddress.parse(address);
        String path = typed.rest().split("\\?", 2)[0];
        String name = (typed.host() + path)
                .replaceAll("(?:%[0-9A-F]{2}|[^A-Za-z0-9._~/-])+", "-")
                .replaceAll("/+", "/")
                .replaceAll("^/|/$", "");
        return new StreamName(name.length() > StreamName.MAX_LENGTH ? name.substring(0, StreamName.MAX_LENGTH) : name);
    }

    /// Ends all of them.
    @Override
    public void close() {
        synchronized (this) {
            closed = true;
        }
        List<Relay> all = running();
        all.forEach(relay -> relay.end("the server stops"));
        long untilNanos = System.nanoTime() + CLOSE.toNanos();
        try {
            for (Relay relay : all) {
                relay.awaitEnd(Duration.ofNanos(Math.max(1, untilNanos - System.nanoTime())));
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }
}
