package tapedeck.mix;

import java.nio.file.Path;
import java.security.SecureRandom;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicReference;
import org.jspecify.annotations.Nullable;
import tapedeck.bytes.MalformedException;
import tapedeck.mix.MixerRefusedException.Reason;
import tapedeck.stream.Feedback;
import tapedeck.stream.NameTakenException;
import tapedeck.stream.Publication;
import tapedeck.stream.Publisher;
import tapedeck.stream.Stream;
import tapedeck.stream.StreamName;
import tapedeck.stream.Streams;

/// The live mixers, each under a URI `mixer://NAME` and with a stream of its own.
public final class LiveMixers implements AutoCloseable {
    /// In front of each URI.
    public static final String SCHEME = "mixer://";

    /// How many run at once.
    static final int MAX_MIXERS = 20;

    private static final SecureRandom RANDOM = new SecureRandom();

    private final Streams streams;
    private final Path settingsFile;
    private final IgnoredKeys ignored;
    private final EncoderCheck encoders;
    private final int most;
    // Guarded by this.
    private final Map<String, LiveMixer> running = new LinkedHashMap<>();
    private boolean closed;

    /// @param settingsFile how mixes are made where the caller does not say it; need not be there
    public LiveMixers(Streams streams, Path settingsFile, EncoderCheck encoders) {
        this(streams, settingsFile, encoders, MAX_MIXERS);
    }

    /// @param most that run at once
    LiveMixers(Streams streams, Path settingsFile, EncoderCheck encoders, int most) {
        this.streams = streams;
        this.settingsFile = settingsFile;
        this.most = most;
        ignored = new IgnoredKeys(settingsFile);
        this.encoders = encoders;
    }

    /// A stream to be added or removed.
    ///
    /// @param streamName also of those that come later under this name
    public record Which(Optional<String> streamName, Optional<String> mediaSessionId) {}

    /// Starts a mixer without sources: it publishes its background and silence.
    ///
    /// @param streamName of what it publishes; empty for the name of the URI
    /// @param settings by their keys, over those of the file
    public void start(String uri, Optional<String> streamName, Map<String, String> settings)
            throws MixerRefusedException {
        StreamName name = new StreamName(streamName.orElse(name(uri)));
        refuseIfTaken(uri);
        try {
            MixSettings all = MixSettings.live(settingsFile, settings);
            // It may have to ask a process: running mixers wait for this lock at each turn.
            encoders.require(all);
            ignored.name(all);
            start(uri, name, all);
        } catch (MixFailedException e) {
            throw refused(Reason.SETTINGS, String.valueOf(e.getMessage()));
        }
    }

    private synchronized void start(String uri, StreamName name, MixSettings settings) throws MixerRefusedException {
        refuseIfTaken(uri);
        try {
            LiveMixer mixer = open(uri, name, settings);
            running.put(uri, mixer);
            mixer.start();
        } catch (NameTakenException e) {
            throw refused(Reason.TAKEN, String.valueOf(e.getMessage()));
        }
    }

    private synchronized void refuseIfTaken(String uri) throws MixerRefusedException {
        forgetEnded();
        if (closed) {
            throw refused(Reason.BROKEN, "the server is stopping");
        }
        if (running.containsKey(uri)) {
            throw refused(Reason.TAKEN, "there is a mixer %s already".formatted(uri));
        }
        if (running.size() >= most) {
            throw refused(Reason.TAKEN, "there are %d mixers already".formatted(most));
        }
    }

    /// @throws MalformedException unless it is `mixer://` and a name of a stream
    private static String name(String uri) {
        if (!uri.startsWith(SCHEME)) {
            throw new MalformedException("\"uri\": mixer://NAME is needed");
        }
        return new StreamName(uri.substring(SCHEME.length())).value();
    }

    private LiveMixer open(String uri, StreamName name, MixSettings settings) throws NameTakenException {
        Publisher publisher = Publisher.asConfigured(
                Publisher.Protocol.MIXER,
                uri,
                "",
                Publisher.Expects.of(settings.hasVideo(), settings.hasAudio()),
                RANDOM);
        AtomicReference<@Nullable LiveMixer> made = new AtomicReference<>();
        Publication publication = streams.publish(name, publisher, new Feedback() {
            @Override
            public void requestKeyframe() {
                LiveMixer mixer = made.get();
                if (mixer != null) {
                    mixer.wantKeyframe();
                }
            }

            @Override
            public void watched(boolean live) {}

            @Override
            public void terminate(String reason) {
                LiveMixer mixer = made.get();
                if (mixer != null) {
                    // Under the stream's lock perhaps: only told.
                    mixer.end(reason);
                }
            }
        });
        LiveMixer mixer = new LiveMixer(uri, settings, publication, wanted -> find(uri, wanted));
        made.set(mixer);
        return mixer;
    }

    /// The stream of this name, unless it is made of this mixer's.
    private synchronized @Nullable Stream find(String uri, StreamName name) {
        LiveMixer mixer = running.get(uri);
        Stream stream = streams.find(name).orElse(null);
        return mixer == null || stream == null || isMadeOf(stream, mixer) ? null : stream;
    }

    /// Whether what this mixer publishes is this stream, or is in it.
    private boolean isMadeOf(Stream stream, LiveMixer mixer) {
        for (LiveMixer each : running.values()) {
            if (each.stream() == stream) {
                return each == mixer
                        || each.sources().stream().anyMatch(source -> source.is(inner -> isMadeOf(inner, mixer)));
            }
        }
        return false;
    }

    /// Mixes this stream too, from now on.
    public synchronized void add(String uri, Which which, boolean wantsVideo, boolean wantsAudio)
            throws MixerRefusedException {
        LiveMixer mixer = find(uri);
        Optional<Stream> found = which.mediaSessionId().isPresent()
                ? which.mediaSessionId().flatMap(streams::findBySession)
                : which.streamName().map(StreamName::new).flatMap(streams::find);
        Stream stream = found.orElseThrow(() -> refused(Reason.NO_SUCH_STREAM, "no such stream is live"));
        if (isMadeOf(stream, mixer)) {
            throw refused(Reason.LOOP, "%s is made of what %s publishes: a loop".formatted(stream.name(), mixer.uri()));
        }
        if (!mixer.add(stream, which.mediaSessionId().isEmpty(), wantsVideo, wantsAudio)) {
            throw refused(Reason.TAKEN, "%s is in %s already".formatted(stream.name(), uri));
        }
    }

    /// Mixes it no longer.
    public void remove(String uri, Which which) throws MixerRefusedException {
        LiveMixer mixer = find(uri);
        Optional<StreamName> name = which.streamName().map(StreamName::new);
        Optional<String> session = which.mediaSessionId();
        boolean removed = mixer.remove(source -> session.isPresent()
                ? source.is(stream -> stream.mediaSessionId().equals(session.get()))
                : name.isPresent() && source.name().equals(name.get()));
        if (!removed) {
            throw refused(Reason.NOT_MIXED, "no such stream is in " + uri);
        }
    }

    /// Ends the mixer and its stream.
    public void terminate(String uri) throws MixerRefusedException {
        LiveMixer mixer;
        synchronized (this) {
            mixer = find(uri);
            running.remove(uri);
        }
        end(mixer, "terminated");
    }

    private static void end(LiveMixer mixer, String reason) {
        mixer.end(reason);
        try {
            mixer.awaitEnd();
        } catch (InterruptedException _) {
            Thread.currentThread().interrupt();
        }
    }

    private synchronized LiveMixer find(String uri) throws MixerRefusedException {
        forgetEnded();
        LiveMixer mixer = running.get(uri);
        if (mixer == null) {
            throw refused(Reason.NO_SUCH_MIXER, "there is no mixer " + uri);
        }
        return mixer;
    }

    /// Those whose stream somebody ended.
    private synchronized void forgetEnded() {
        running.values().removeIf(LiveMixer::isEnding);
    }

    /// Those that run, oldest first.
    public List<LiveMix> all() {
        return mixers().stream().map(LiveMixer::snapshot).toList();
    }

    private synchronized List<LiveMixer> mixers() {
        forgetEnded();
        return List.copyOf(running.values());
    }

    /// The worker processes, for tests and for whoever counts what they cost: first that of the pictures, then that of
    /// the sound.
    List<Long> pids(String uri) throws MixerRefusedException {
        return find(uri).pids();
    }

    private static MixerRefusedException refused(Reason reason, String message) {
        return new MixerRefusedException(reason, message);
    }

    /// Ends all of them.
    @Override
    public void close() {
        List<LiveMixer> rest;
        synchronized (this) {
            closed = true;
            rest = List.copyOf(running.values());
            running.clear();
        }
        rest.forEach(mixer -> mixer.end("the server is stopping"));
        rest.forEach(mixer -> end(mixer, "the server is stopping"));
    }
}
