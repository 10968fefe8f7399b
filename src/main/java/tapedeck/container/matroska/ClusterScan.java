package tapedeck.container.matroska;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.zip.CRC32;
import tapedeck.bytes.MalformedException;
import tapedeck.container.matroska.FileWindow.Element;

/// Goes through the clusters that a muxer left, by the first bytes of each, and finds where the good ones end.
///
/// A process that died left at most the last cluster torn, and its size says so. A machine that lost power may have
/// left holes in what it wrote last, so the clusters at the tail are checked by their CRC-32.
final class ClusterScan {
    /// How much of the tail is read and checked: many seconds of any stream, milliseconds of work.
    static final int TAIL_BYTES = 4 << 20;
    /// Two points closer than this are no use to anybody who seeks.
    static final long VIDEO_CUE_NANOS = 500_000_000;
    /// Every sound frame is an entry point; so many are enough.
    static final long AUDIO_CUE_NANOS = 5_000_000_000L;

    /// Header, CRC-32, Timestamp and the first block's header.
    private static final int LOOK_BYTES = 64;

    private static final int CRC_32_ELEMENT_BYTES = 6;

    private final FileChannel channel;
    private final FileWindow file;
    private final FileHead head;
    private final Deque<Element> tail = new ArrayDeque<>();
    private CueList videoCues;
    private CueList audioCues;
    private long end;

    ClusterScan(FileChannel channel, FileHead head) throws IOException {
        this.channel = channel;
        this.head = head;
        file = new FileWindow(channel, LOOK_BYTES);
        videoCues = new CueList(0, CueList.MAX_POINTS);
        audioCues = videoCues;
        end = head.clustersAt();
    }

    /// Where the last good cluster ends.
    ///
    /// @throws MalformedException if there is none
    long run() throws IOException {
        long limit = file.size();
        while (true) {
            walk(limit);
            if (tail.isEmpty()) {
                throw new MalformedException("no whole cluster in %d bytes".formatted(file.size()));
            }
            long bad = firstBadOfTail();
            if (bad < 0) {
                return end;
            }
            limit = bad;
        }
    }

    /// One point for each keyframe of the video, or, where there is no video, for every few seconds of sound.
    CueList cues() {
        return videoCues.count() > 0 ? videoCues : audioCues;
    }

    long durationNanos() throws IOException {
        FileWindow blocks = new FileWindow(channel, 1 << 16);
        BlockCursor cursor = new BlockCursor(blocks, tail.getFirst().at(), end, head.scaleNanos());
        return new PlayTime(head).scan(blocks, cursor);
    }

    private void walk(long limit) throws IOException {
        videoCues = new CueList(VIDEO_CUE_NANOS / head.scaleNanos(), CueList.MAX_POINTS);
        audioCues = new CueList(AUDIO_CUE_NANOS / head.scaleNanos(), CueList.MAX_POINTS);
        tail.clear();
        end = head.clustersAt();
        while (end < limit && file.hasHeader(end)) {
            if (file.u8(end) != ElementId.CLUSTER >>> 24) {
                return;
            }
            Element cluster = file.element(end);
            if (cluster.id() != ElementId.CLUSTER || cluster.unknownSize() || cluster.end() > limit) {
                return;
            }
            cue(cluster);
            tail.add(cluster);
            end = cluster.end();
            while (tail.size() > 1 && end - tail.getFirst().at() > TAIL_BYTES) {
                tail.remove();
            }
        }
    }

    private void cue(Element cluster) throws IOException {
        BlockCursor first = new BlockCursor(file, cluster.at(), cluster.end(), head.scaleNanos());
        try {
            if (!first.advance()) {
                return;
            }
        } catch (MalformedException e) {
            // A bad cluster amid good ones is no place to seek to, and no reason to lose the others.
            return;
        }
        long delay = 0;
        boolean video = false;
        for (TrackEntry entry : head.tracks()) {
            if (entry.number() == first.trackNumber()) {
                delay = head.delayTicks(entry);
                video = entry.video();
            }
        }
        long time = Math.max(0, first.ticks() - delay);
        long position = cluster.at() - head.segment().contentAt();
        if (video && first.keyframe()) {
            videoCues.add(time, first.trackNumber(), position);
        } else if (!video) {
            audioCues.add(time, first.trackNumber(), position);
        }
    }

    private long firstBadOfTail() throws IOException {
        ByteBuffer buffer = ByteBuffer.allocate(1 << 16);
        for (Element cluster : tail) {
            if (!isWhole(cluster, buffer)) {
                return cluster.at();
            }
        }
        return -1;
    }

    /// RFC 8794 11.3.1: a CRC-32 is the first child and covers all others. A cluster without one is believed.
    private boolean isWhole(Element cluster, ByteBuffer buffer) throws IOException {
        if (cluster.size() < CRC_32_ELEMENT_BYTES || file.u8(cluster.contentAt()) != ElementId.CRC_32) {
            return cluster.size() > 0;
        }
        long expected = Integer.toUnsignedLong(Integer.reverseBytes(
                file.bytes(cluster.contentAt() + 2, Integer.BYTES).i32(0)));
        CRC32 crc = new CRC32();
        long at = cluster.contentAt() + CRC_32_ELEMENT_BYTES;
        while (at < cluster.end()) {
            buffer.clear().limit((int) Math.min(buffer.capacity(), cluster.end() - at));
            int read = channel.read(buffer, at);
            if (read <= 0) {
                return false;
            }
            crc.update(buffer.flip());
            at += read;
        }
        return crc.getValue() == expected;
    }
}
