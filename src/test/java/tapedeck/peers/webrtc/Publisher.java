package tapedeck.peers.webrtc;

import java.io.IOException;
import java.net.URI;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import tapedeck.bytes.Bytes;
import tapedeck.bytes.MalformedException;
import tapedeck.rtp.Rtcp;
import tapedeck.rtp.sdp.MediaDescription;

/// Sends one or more feeds over and over, each frame when it is due and spread as a browser's pacer does it; answers
/// NACK with RTX and requests for keyframes by going on at the next keyframe of the feed.
public final class Publisher implements AutoCloseable, Peer.Traffic {
    private static final long END_NANOS = TimeUnit.SECONDS.toNanos(30);

    private static final int FLOOD_SOURCES = 100;
    private static final int FLOOD_MIN_BYTES = 40;
    private static final int FLOOD_MAX_BYTES = 1_180;

    private final Peer peer;
    private final List<Outgoing> sources = new ArrayList<>();
    private final byte[] scratch = new byte[2_048];
    private final byte[] sealed = new byte[2_048];
    private int transportSequence = ThreadLocalRandom.current().nextInt(1 << 16);
    private long floodNanos;
    private long nextFloodNanos;
    private volatile int flooded;
    private volatile boolean sending;
    private volatile boolean ends;

    private final AtomicLong packets = new AtomicLong();
    private final AtomicLong bytes = new AtomicLong();
    private final AtomicLong mediaBytes = new AtomicLong();
    private final AtomicLong feedbackBytes = new AtomicLong();
    private final AtomicLong repeats = new AtomicLong();
    private final AtomicLong nacked = new AtomicLong();
    private final AtomicLong keyframeRequests = new AtomicLong();
    private final AtomicLong transportFeedbacks = new AtomicLong();
    private final AtomicLong receiverReports = new AtomicLong();
    private volatile long lowestLimitBitsPerSecond = Long.MAX_VALUE;
    private volatile long limitBitsPerSecond;

    Publisher(Peer peer, URI whip, List<Feed> feeds) throws Exception {
        this.peer = peer;
        List<Offers.Section> sections = new ArrayList<>();
        int type = 96;
        for (Feed feed : feeds) {
            boolean rtx = feed.video() && peer.options().rtx();
            long ssrc = ThreadLocalRandom.current().nextLong(1, 1L << 31);
            sections.add(new Offers.Section(List.of(feed.codec()), List.of(type), rtx, ssrc, ssrc + 1));
            sources.add(new Outgoing(feed, type, sources.size(), ssrc));
            type += 2;
        }
        if (feeds.isEmpty()) {
            sections.add(Offers.Section.DATA);
        }
        peer.connect(whip, sections);
        for (int i = 0; i < sources.size(); i++) {
            MediaDescription section = peer.answer().media().get(i);
            sources.get(i)
                    .agreed(
                            section.port() != 0,
                            section.formats()
                                    .contains(String.valueOf(
                                            sections.get(i).payloadTypes().getFirst() + 1)));
        }
        peer.carry(this);
    }

    /// Begins with the first frame of each feed.
    public void start() {
        start(0);
    }

    /// Begins as if it had begun so long ago, at the keyframe before.
    public void start(long agoNanos) {
        peer.execute(now -> {
            sources.forEach(source -> source.start(now, agoNanos));
            sending = true;
        });
    }

    /// Sends no more frames than those that were begun.
    public void end() {
        ends = true;
    }

    /// Waits until that is done.
    public void awaitEnd() throws InterruptedException {
        for (long deadline = System.nanoTime() + END_NANOS; sending && System.nanoTime() < deadline; ) {
            TimeUnit.MILLISECONDS.sleep(5);
        }
        sending = false;
    }

    /// Media packets that left, repeats not counted.
    public long packets() {
        return packets.get();
    }

    /// Of all that left: media, reports and repeats.
    public long bytes() {
        return bytes.get();
    }

    /// Of what was sent first: media alone.
    public long mediaBytes() {
        return mediaBytes.get();
    }

    /// Of what came back: reports, requests, feedback.
    public long feedbackBytes() {
        return feedbackBytes.get();
    }

    /// Packets that were sent again because the server asked.
    public long repeats() {
        return repeats.get();
    }

    /// Packets that the server asked for.
    public long nacked() {
        return nacked.get();
    }

    public long keyframeRequests() {
        return keyframeRequests.get();
    }

    public long transportFeedbacks() {
        return transportFeedbacks.get();
    }

    public long receiverReports() {
        return receiverReports.get();
    }

    /// What REMB allowed last; 0 before the first.
    public long limitBitsPerSecond() {
        return limitBitsPerSecond;
    }

    public long lowestLimitBitsPerSecond() {
        return lowestLimitBitsPerSecond;
    }

    /// What this machine did not take.
    public long unsent() {
        return peer.unsent();
    }

    public boolean alerted() {
        return peer.alerted();
    }

    public double silentSeconds() {
        return peer.silentSeconds();
    }

    /// Checks the connection at once, as a client does that knows that its network has changed.
    public void checkNow() {
        peer.execute(peer::check);
    }

    /// Restarts ICE, RFC 9725 4.3.3; the answer's status.
    public int restartIce() throws Exception {
        return peer.restart();
    }

    /// A connectivity check to be sent from another address, which becomes a candidate by it.
    public byte[] plainCheck() {
        return peer.request(false);
    }

    /// One that moves the session to the address that it comes from.
    public byte[] nominatingCheck() {
        return peer.request(true);
    }

    /// What DTLS carries beside media.
    public void sendData(byte[] data) throws IOException {
        peer.sendData(data);
    }

    /// USERNAME of our connectivity checks.
    public String username() {
        return peer.username();
    }

    public URI session() {
        return peer.session();
    }

    /// The frames that were sent whole of a feed, in order: their numbers in it.
    public int[] sentFrames(int feed) {
        return sources.get(feed).sentFrames();
    }

    /// When each of [#sentFrames] left, in its own time, from the first one on.
    public long[] sentNanos(int feed) {
        return sources.get(feed).sentNanos();
    }

    /// Ends the session the WHIP way; the answer's status.
    public int delete() throws Exception {
        return peer.delete();
    }

    public void vanish() {
        peer.vanish();
    }

    /// Says close_notify.
    @Override
    public void close() throws IOException {
        peer.close();
    }

    @Override
    public void tick(long nowNanos) {
        if (!sending) {
            return;
        }
        flood(nowNanos);
        boolean busy = false;
        for (Outgoing source : sources) {
            source.report(nowNanos, this::sendReport);
            busy |= source.pump(nowNanos, ends, this::send);
        }
        if (ends && !busy) {
            sending = false;
        }
    }

    /// From now on also packets that are authentic and make no sense: many sources, any payload type, random contents.
    public void flood(int packetsPerSecond) {
        peer.execute(now -> {
            floodNanos = TimeUnit.SECONDS.toNanos(1) / packetsPerSecond;
            nextFloodNanos = now;
        });
    }

    /// How many of these left.
    public int flooded() {
        return flooded;
    }

    private void flood(long nowNanos) {
        ThreadLocalRandom random = ThreadLocalRandom.current();
        while (floodNanos > 0 && nextFloodNanos <= nowNanos) {
            nextFloodNanos += floodNanos;
            flooded++;
            int length = random.nextInt(FLOOD_MIN_BYTES, FLOOD_MAX_BYTES);
            random.nextBytes(scratch);
            scratch[0] = (byte) 0x80;
            // Numbers of each source go up, as our own SRTP demands.
            scratch[2] = (byte) (flooded / FLOOD_SOURCES >> 8);
            scratch[3] = (byte) (flooded / FLOOD_SOURCES);
            scratch[8] = 0x70;
            scratch[9] = 0;
            scratch[10] = 0;
            scratch[11] = (byte) (flooded % FLOOD_SOURCES);
            peer.send(sealed, peer.out().protectRtp(scratch, 0, length, sealed, 0));
        }
    }

    private void send(Outgoing source, Outgoing.Packet packet) {
        int length = packet.write(scratch, source.mid(), transportSequence++ & 0xFFFF);
        int sealedLength = peer.out().protectRtp(scratch, 0, length, sealed, 0);
        if (!source.rtx()) {
            source.keep(packet, Arrays.copyOf(sealed, sealedLength));
        }
        if (peer.send(sealed, sealedLength)) {
            bytes.addAndGet(sealedLength);
        }
        packets.incrementAndGet();
        mediaBytes.addAndGet(sealedLength);
    }

    private void sendReport(Rtcp.SenderReport report) {
        Bytes plain = Rtcp.write(List.of(report));
        int length = peer.out().protectRtcp(plain.toByteArray(), 0, plain.length(), sealed, 0);
        if (peer.send(sealed, length)) {
            bytes.addAndGet(length);
        }
    }

    @Override
    public void received(byte[] datagram, int length, long nowNanos) {
        feedbackBytes.addAndGet(length);
        Bytes compound = peer.in().unprotectRtcp(datagram, 0, length);
        if (compound == null) {
            return;
        }
        try {
            Rtcp.parse(compound).forEach(this::feedback);
        } catch (MalformedException e) {
            throw new AssertionError("the server sent RTCP that is none", e);
        }
    }

    private void feedback(Rtcp packet) {
        switch (packet) {
            case Rtcp.PictureLoss loss -> keyframe(loss.mediaSsrc());
            case Rtcp.FullIntraRequest request -> request.entries().forEach(entry -> keyframe(entry.ssrc()));
            case Rtcp.Nack nack -> repeat(nack);
            case Rtcp.ReceiverReport _ -> receiverReports.incrementAndGet();
            case Rtcp.TransportFeedback _ -> transportFeedbacks.incrementAndGet();
            case Rtcp.BitrateLimit limit -> {
                limitBitsPerSecond = limit.bitsPerSecond();
                lowestLimitBitsPerSecond = Math.min(lowestLimitBitsPerSecond, limit.bitsPerSecond());
            }
            case Rtcp.SenderReport _,
                    Rtcp.SourceDescription _,
                    Rtcp.Goodbye _,
                    Rtcp.ExtendedReport _,
                    Rtcp.Other _ -> {}
        }
    }

    private void keyframe(long ssrc) {
        keyframeRequests.incrementAndGet();
        sources.stream().filter(source -> source.ssrc() == ssrc).forEach(Outgoing::keyframeWanted);
    }

    private void repeat(Rtcp.Nack nack) {
        for (Outgoing source : sources) {
            if (source.ssrc() != nack.mediaSsrc()) {
                continue;
            }
            for (int sequence : nack.sequenceNumbers()) {
                nacked.incrementAndGet();
                repeat(source, sequence);
            }
        }
    }

    private void repeat(Outgoing source, int sequence) {
        if (!source.keeps(sequence)) {
            return;
        }
        byte[] again = source.sealed(sequence);
        int againLength = again == null ? 0 : again.length;
        if (again == null) {
            int length = source.writeRepeat(sequence, scratch, transportSequence++ & 0xFFFF);
            againLength = peer.out().protectRtp(scratch, 0, length, sealed, 0);
            again = sealed;
        }
        if (peer.send(again, againLength)) {
            bytes.addAndGet(againLength);
            repeats.incrementAndGet();
        }
    }
}
