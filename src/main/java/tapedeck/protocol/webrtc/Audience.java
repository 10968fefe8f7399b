package tapedeck.protocol.webrtc;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import tapedeck.bytes.MalformedException;
import tapedeck.media.Codec;
import tapedeck.media.Frame;
import tapedeck.protocol.webrtc.transport.Turns;
import tapedeck.rtp.FramePackets;
import tapedeck.rtp.payload.Packetizer;
import tapedeck.stream.Item;
import tapedeck.stream.Publisher;
import tapedeck.stream.Reader;
import tapedeck.stream.Stream;

/// All viewers of one stream on one port. They share one reader, so that a batch wakes the loop once, and one cut of
/// each frame into payloads; what a viewer costs beyond that is its packets. Lives on the port's loop.
final class Audience {
    /// Between two looks at what the pacing of some viewer held back: libwebrtc's own senders take the same.
    static final long PACING_NANOS = TimeUnit.MILLISECONDS.toNanos(5);
    /// A group of pictures that is longer than this is not sent to a newcomer if the publisher makes a keyframe on
    /// request. As long as a stream waits between two requests: an older group has one under way.
    static final long FRESH_NANOS = 1_000_000_000L / Stream.MAX_KEYFRAME_REQUESTS_PER_SECOND;
    /// What is kept of the present group of pictures for newcomers: its bytes are the stream's own.
    static final int MAX_GOP_FRAMES = 2_000;

    static final long MAX_GOP_BYTES = 16 << 20;

    /// Where so many watch, sound and picture that come within this time go out together: what a viewer costs is mostly
    /// that everything about it has to be fetched from memory, for one packet or for five.
    static final int CROWD_VIEWERS = 64;

    static final long CROWD_NANOS = TimeUnit.MILLISECONDS.toNanos(20);
    /// Viewers that could have another layer wait for its keyframe together: whoever asks a browser for a keyframe of
    /// one layer gets one of all of them.
    static final long CHANGE_NANOS = TimeUnit.SECONDS.toNanos(2);
    /// A publisher that was asked for a keyframe has sent it by then, or does not answer such requests: encoders of
    /// WHIP often do not.
    static final long PATIENCE_NANOS = TimeUnit.MILLISECONDS.toNanos(500);

    private static final Logger log = LoggerFactory.getLogger(Audience.class);
    private static final long LOG_NANOS = TimeUnit.SECONDS.toNanos(10);

    private final Turns turns;
    private final Stream stream;
    private final Function<Runnable, Reader> subscription;
    private final Runnable deserted;
    private final List<Viewer> viewers = new ArrayList<>();
    /// Those that will end as soon as nobody walks through a list.
    private final Set<Viewer> failed = new HashSet<>();
    private final Map<Integer, Cutter> cutters = new HashMap<>();
    private final List<Item> batch = new ArrayList<>();
    private final List<FramePackets> gop = new ArrayList<>();
    private final FanOut fanOut;
    private final @Nullable LowerLayers lower;
    private long changedNanos;
    private long gopBytes;
    private @Nullable Reader reader;
    private volatile boolean crowd;
    private @Nullable String over;
    private boolean draining;
    private boolean pacing;
    private long uncut;
    private long uncutLoggedNanos;

    /// @param layers of the stream's publisher
    /// @param subscription makes the reader when the first viewer comes
    /// @param deserted called when the last viewer is gone
    Audience(
            Turns turns,
            Stream stream,
            @Nullable Layers layers,
            Function<Runnable, Reader> subscription,
            Runnable deserted) {
        this.turns = turns;
        this.stream = stream;
        this.subscription = subscription;
        this.deserted = deserted;
        this.fanOut = new FanOut(stream.name(), turns.now());
        this.uncutLoggedNanos = turns.now() - LOG_NANOS;
        this.changedNanos = turns.now() - CHANGE_NANOS;
        this.lower = layers == null ? null : new LowerLayers(layers, () -> wake(this::drainLower), turns.now());
        if (layers != null) {
            layers.to(lower);
        }
    }

    /// One who watches. Called on the loop.
    interface Viewer {
        /// The frames since the last keyframe, all at once: the next one follows on the last of them.
        void catchUp(List<FramePackets> gop, long nowNanos);

        /// @param layer that it is of, or [Layers#STREAM]
        void frame(FramePackets frame, int layer, long nowNanos);

        /// The publisher or another viewer said something.
        default void message(Item.Message message) {}

        /// Sends what may be sent; true if something is left for later.
        boolean pump(long nowNanos);

        boolean takesVideo();

        /// The layer that it has or waits for, or [Layers#STREAM].
        int layer();

        /// Whether no picture goes out before the next keyframe.
        boolean waitsForKeyframe();

        /// The stream ended.
        void end(String reason);

        /// There was a bug. Nothing that it was in the middle of is finished.
        default void fail(String reason) {
            end(reason);
        }
    }

    private record Cutter(Class<? extends Codec> codec, Packetizer packetizer) {}

    void join(Viewer viewer) {
        if (reader == null) {
            reader = subscription.apply(() -> wake(this::drain));
        }
        // What waits in the reader is the past for this one.
        drain();
        viewers.add(viewer);
        crowd = viewers.size() >= CROWD_VIEWERS;
        if (over != null) {
            // It ended while this one was on the way.
            String reason = over;
            turns.later(() -> end(reason));
            return;
        }
        begin(viewer);
    }

    /// From any thread: takes what waits, now or with what comes in the next few milliseconds.
    private void wake(Runnable taking) {
        if (crowd) {
            turns.after(CROWD_NANOS, taking);
        } else {
            turns.later(taking);
        }
    }

    void leave(Viewer viewer) {
        Reader open = reader;
        boolean left = viewers.remove(viewer);
        failed.remove(viewer);
        if (lower != null) {
            lower.leave(viewer);
        }
        crowd = viewers.size() >= CROWD_VIEWERS;
        if (left && viewers.isEmpty() && open != null) {
            open.close();
            if (lower != null) {
                lower.layers().to(null);
            }
            deserted.run();
        }
    }

    /// The viewer cannot go on without a keyframe.
    void restart(Viewer viewer) {
        begin(viewer);
    }

    /// From the last keyframe on where that is at hand, else from the next one on, which is asked for.
    private void begin(Viewer viewer) {
        if (!viewer.takesVideo()) {
            return;
        }
        if (viewer.layer() != Layers.STREAM) {
            requestKeyframe(viewer.layer());
        } else if (gop.isEmpty()) {
            stream.requestKeyframe();
        } else if (makesKeyframes() && spanNanos() > FRESH_NANOS) {
            stream.requestKeyframe();
            turns.after(PATIENCE_NANOS, () -> {
                if (viewer.waitsForKeyframe()
                        && viewer.layer() == Layers.STREAM
                        && viewers.contains(viewer)
                        && !gop.isEmpty()) {
                    catchUp(viewer);
                }
            });
        } else {
            catchUp(viewer);
        }
    }

    private void catchUp(Viewer viewer) {
        long now = turns.now();
        try {
            viewer.catchUp(gop, now);
        } catch (RuntimeException bug) {
            failed(viewer, bug);
        }
        pump(viewers, now);
    }

    private boolean makesKeyframes() {
        return stream.publisher().protocol() == Publisher.Protocol.WEBRTC;
    }

    private long spanNanos() {
        return gop.getLast().frame().dtsNanos() - gop.getFirst().frame().dtsNanos();
    }

    private void drain() {
        Reader open = reader;
        if (open == null || draining) {
            return;
        }
        draining = true;
        long now = turns.now();
        try {
            open.drainTo(batch);
            batch.forEach(item -> take(item, now));
        } finally {
            batch.clear();
            draining = false;
        }
        pump(viewers, now);
    }

    private void take(Item item, long now) {
        switch (item) {
            case Item.Media media -> frame(media, now);
            // The next item is an entry point, with which every viewer goes on.
            case Item.Gap _ -> forgetGop();
            case Item.Message message -> {
                if (fanOut.take(message, viewers.size(), now)) {
                    message(message);
                }
            }
            case Item.End end -> end(end.reason());
        }
    }

    /// Null where there is no simulcast.
    @Nullable
    Layers layers() {
        return lower == null ? null : lower.layers();
    }

    /// The viewer gets the pictures of one layer, and waits for a keyframe of another.
    void place(Viewer viewer, int current, int wanted) {
        if (lower != null && viewers.contains(viewer)) {
            lower.place(viewer, current, wanted);
        }
    }

    void requestKeyframe(int layer) {
        if (layer == Layers.STREAM || lower == null) {
            stream.requestKeyframe();
        } else {
            lower.requestKeyframe(layer, turns.now());
        }
    }

    /// As [#requestKeyframe], by a viewer that has pictures already: a keyframe costs all others something.
    void change(int layer) {
        long now = turns.now();
        if (now - changedNanos >= CHANGE_NANOS) {
            changedNanos = now;
            requestKeyframe(layer);
        }
    }

    private void drainLower() {
        LowerLayers open = lower;
        if (open == null) {
            return;
        }
        long now = turns.now();
        for (LowerLayers.Picture next : open.take()) {
            List<Viewer> to = open.viewers(next.layer());
            Frame frame = next.frame();
            FramePackets cut = to.isEmpty() ? null : cut(frame, frame.keyframe(), -1 - next.layer());
            if (cut != null) {
                frame(to, cut, next.layer(), now);
                pump(to, now);
            }
        }
    }

    private void message(Item.Message message) {
        for (Viewer viewer : List.copyOf(viewers)) {
            try {
                viewer.message(message);
            } catch (RuntimeException bug) {
                failed(viewer, bug);
            }
        }
    }

    private void frame(Item.Media media, long now) {
        FramePackets frame =
                cut(media.frame(), media.entryPoint(), media.frame().track().id());
        if (frame == null) {
            return;
        }
        if (frame.frame().track().isVideo()) {
            keep(frame);
        }
        frame(viewers, frame, Layers.STREAM, now);
    }

    private void frame(List<Viewer> to, FramePackets frame, int layer, long now) {
        for (int i = 0; i < to.size(); i++) {
            Viewer viewer = to.get(i);
            try {
                viewer.frame(frame, layer, now);
            } catch (RuntimeException bug) {
                failed(viewer, bug);
            }
        }
    }

    private void keep(FramePackets frame) {
        if (frame.entryPoint()) {
            forgetGop();
        } else if (gop.isEmpty()) {
            return;
        }
        gop.add(frame);
        gopBytes += frame.bytes();
        if (gop.size() > MAX_GOP_FRAMES || gopBytes > MAX_GOP_BYTES) {
            forgetGop();
        }
    }

    private void forgetGop() {
        gop.clear();
        gopBytes = 0;
    }

    /// Null for a codec that WebRTC does not carry, and for a frame that is none.
    ///
    /// @param source the track's id, or a negative number for a lower layer
    private @Nullable FramePackets cut(Frame frame, boolean entryPoint, int source) {
        Codec codec = frame.track().codec();
        if (!OutboundTrack.carries(codec)) {
            return null;
        }
        Cutter cutter = cutters.get(source);
        if (cutter == null || cutter.codec() != codec.getClass()) {
            cutter = new Cutter(codec.getClass(), Packetizer.ofWholePictures(codec, Packetizer.USUAL_PAYLOAD_BYTES));
            cutters.put(source, cutter);
        }
        try {
            FramePackets packets = FramePackets.of(frame, entryPoint, cutter.packetizer());
            return packets.payloads().isEmpty() ? null : packets;
        } catch (MalformedException e) {
            uncut++;
            long now = turns.now();
            if (now - uncutLoggedNanos >= LOG_NANOS) {
                uncutLoggedNanos = now;
                log.info("{}: {} frames that cannot be sent by RTP: {}", stream.name(), uncut, e.getMessage());
                uncut = 0;
            }
            return null;
        }
    }

    private void pump(List<Viewer> some, long now) {
        boolean more = false;
        for (int i = 0; i < some.size(); i++) {
            more |= pump(some.get(i), now);
        }
        turns.flush();
        if (more && !pacing) {
            pacing = true;
            turns.after(PACING_NANOS, () -> {
                pacing = false;
                pump(viewers, turns.now());
            });
        }
    }

    private boolean pump(Viewer viewer, long now) {
        try {
            return viewer.pump(now);
        } catch (RuntimeException bug) {
            failed(viewer, bug);
            return false;
        }
    }

    private void end(String reason) {
        over = reason;
        for (Viewer viewer : List.copyOf(viewers)) {
            try {
                viewer.end(reason);
            } catch (RuntimeException bug) {
                failed(viewer, bug);
            }
        }
    }

    /// A bug with one viewer ends that viewer; not at once, as those around it are being served.
    private void failed(Viewer viewer, RuntimeException bug) {
        if (!failed.add(viewer)) {
            return;
        }
        log.error("WebRTC viewer failed", bug);
        turns.later(() -> viewer.fail("internal error"));
    }
}
