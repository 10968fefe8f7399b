package tapedeck.faults;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;
import tapedeck.bytes.ByteWriter;
import tapedeck.bytes.Bytes;
import tapedeck.media.Codec;
import tapedeck.media.Frame;
import tapedeck.peers.Ffmpeg;
import tapedeck.peers.webrtc.Feed;
import tapedeck.peers.webrtc.Publisher;

/// What a recording shows of what a publisher sent: every stored picture is looked up among those that were sent, by
/// its bytes, and every decoded picture is compared, pixel by pixel, with what a decoder makes of the unharmed feed.
///
/// @param missing pictures that were sent and are not in the file
/// @param wrong pictures that are stored whole, but look different because one that they build on is missing
/// @param longestFreezeMillis the longest time without a new and right picture, less the time of one
record Pictures(int sent, int stored, int missing, int wrong, double longestFreezeMillis) {
    private static final double FRAME_MILLIS = 1_000.0 / 30;
    /// Rounding of containers.
    private static final double PLACE_MILLIS = 40;
    /// The sender's clock is tied to ours by its first packets and reports, which come late on a busy machine; later
    /// ones correct that, a part of each picture's time after the other.
    static final double CORRECTED_MILLIS = 500;

    private static final double CORRECTED_PART = 0.2;

    double sharePercent() {
        return 100.0 * (stored - wrong) / sent;
    }

    @Override
    public String toString() {
        return String.format(
                Locale.ROOT,
                "%d of %d pictures stored, %d look wrong (%.2f %% right), longest freeze %.0f ms",
                stored,
                sent,
                wrong,
                sharePercent(),
                longestFreezeMillis);
    }

    /// @param video which of the publisher's feeds is in the file
    static Pictures of(Path file, Publisher publisher, Feed feed, int video) throws Exception {
        return of(file, publisher, feed, video, 0);
    }

    /// @param stoodStillMillis for how long this machine had no time for the sender, whose clock stood still meanwhile
    static Pictures of(Path file, Publisher publisher, Feed feed, int video, double stoodStillMillis) throws Exception {
        RecordedFile recorded = RecordedFile.read(file);
        int[] sent = publisher.sentFrames(video);
        long[] nanos = publisher.sentNanos(video);
        List<Integer> crcs = new ArrayList<>();
        for (Feed.Picture picture : feed.frames()) {
            crcs.add(crc(picture.frame()));
        }
        List<String> reference =
                decoded(reference(file, feed)).values().stream().toList();
        TreeMap<Long, String> shown = decoded(file);
        int next = 0;
        int wrong = 0;
        double offset = Double.NaN;
        double lastPlace = Double.NaN;
        double lastMillis = 0;
        double lastRight = 0;
        double freeze = 0;
        for (RecordedFile.Sample sample : recorded.video()) {
            int at = next;
            while (at < sent.length && crcs.get(sent[at]) != sample.crc()) {
                at++;
            }
            RecordedFile.require(
                    at < sent.length,
                    "%s: the picture at %.0f ms was never sent like this, or is there twice"
                            .formatted(file, sample.ptsMillis()));
            double place = sample.ptsMillis() - nanos[at] / 1e6;
            offset = Double.isNaN(offset) ? place : offset;
            lastPlace = Double.isNaN(lastPlace) ? place : lastPlace;
            double step = sample.ptsMillis() - lastMillis;
            RecordedFile.require(
                    Math.abs(place - lastPlace) <= PLACE_MILLIS + CORRECTED_PART * step + stoodStillMillis
                            && Math.abs(place - offset) <= CORRECTED_MILLIS + stoodStillMillis,
                    "%s: picture %d is at %.0f ms, %.0f ms from its place, the one before %.0f ms"
                            .formatted(file, at, sample.ptsMillis(), place - offset, lastPlace - offset));
            lastPlace = place;
            lastMillis = sample.ptsMillis();
            next = at + 1;
            String picture = nearest(shown, sample.ptsMillis());
            if (reference.get(sent[at]).equals(picture)) {
                freeze = Math.max(freeze, sample.ptsMillis() - lastRight - FRAME_MILLIS);
                lastRight = sample.ptsMillis();
            } else {
                wrong++;
            }
        }
        return new Pictures(
                sent.length,
                recorded.video().size(),
                sent.length - recorded.video().size(),
                wrong,
                freeze);
    }

    private static String nearest(TreeMap<Long, String> shown, double ptsMillis) {
        Map.Entry<Long, String> below = shown.floorEntry(Math.round(ptsMillis) + 5);
        return below != null && below.getKey() >= ptsMillis - 5 ? below.getValue() : "";
    }

    static int crc(Frame frame) {
        return frame.track().codec() instanceof Codec.H264 ? Clip.slices(frame.data()) : Clip.crc(frame.data());
    }

    /// The feed as a file that a decoder reads.
    private static Path reference(Path beside, Feed feed) throws Exception {
        ByteWriter out = new ByteWriter();
        Path file;
        if (feed.codec() instanceof Codec.H264 h264) {
            file = beside.resolveSibling("reference.h264");
            h264.sps().forEach(set -> out.u32(1).bytes(set));
            h264.pps().forEach(set -> out.u32(1).bytes(set));
            feed.frames().forEach(picture -> annexB(picture.frame().data(), out));
        } else {
            file = beside.resolveSibling("reference.ivf");
            out.bytes(Bytes.ofUtf8("DKIF")).bytes(le(0, 2)).bytes(le(32, 2)).bytes(Bytes.ofUtf8("VP80"));
            out.bytes(le(640, 2)).bytes(le(360, 2)).bytes(le(30, 4)).bytes(le(1, 4));
            out.bytes(le(feed.frames().size(), 4)).bytes(le(0, 4));
            for (int i = 0; i < feed.frames().size(); i++) {
                Bytes data = feed.frames().get(i).frame().data();
                out.bytes(le(data.length(), 4)).bytes(le(i, 8)).bytes(data);
            }
        }
        return Files.write(file, out.toBytes().toByteArray());
    }

    private static void annexB(Bytes lengthPrefixed, ByteWriter out) {
        for (int at = 0; at < lengthPrefixed.length(); ) {
            int length = lengthPrefixed.i32(at);
            out.u32(1).bytes(lengthPrefixed.slice(at + 4, at + 4 + length));
            at += 4 + length;
        }
    }

    private static Bytes le(long value, int count) {
        byte[] bytes = new byte[count];
        for (int i = 0; i < count; i++) {
            bytes[i] = (byte) (value >> 8 * i);
        }
        return Bytes.wrap(bytes);
    }

    /// Milliseconds → hash of the picture, as a real decoder shows it.
    private static TreeMap<Long, String> decoded(Path file) {
        String text = Ffmpeg.ffmpeg(
                        "-v",
                        "fatal",
                        "-i",
                        file.toString(),
                        "-map",
                        "0:v:0",
                        "-fps_mode",
                        "passthrough",
                        "-copyts",
                        "-enc_time_base",
                        "1:1000",
                        "-f",
                        "framemd5",
                        "-")
                .text();
        TreeMap<Long, String> pictures = new TreeMap<>();
        Map<String, String> fields = new HashMap<>();
        for (String line : text.split("\n")) {
            if (line.startsWith("#tb 0:")) {
                fields.put("tb", line.substring(6).strip());
            } else if (!line.startsWith("#") && !line.isBlank()) {
                String[] words = line.split(", *");
                String[] base = fields.get("tb").split("/");
                double millis =
                        Long.parseLong(words[2].strip()) * 1e3 * Long.parseLong(base[0]) / Long.parseLong(base[1]);
                pictures.put(Math.round(millis), words[5].strip());
            }
        }
        return pictures;
    }
}
