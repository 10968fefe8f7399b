package tapedeck.peers;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import tapedeck.bytes.ByteReader;
import tapedeck.bytes.Bytes;
import tapedeck.codec.aac.Aac;
import tapedeck.codec.av1.Av1TemporalUnit;
import tapedeck.codec.h264.AvcConfiguration;
import tapedeck.codec.h264.H264;
import tapedeck.codec.h265.H265;
import tapedeck.codec.opus.OpusHead;
import tapedeck.codec.opus.OpusPacket;
import tapedeck.codec.vp8.Vp8Header;
import tapedeck.codec.vp9.Vp9Header;
import tapedeck.media.Codec;
import tapedeck.media.Frame;
import tapedeck.media.Track;

/// Real frames: a moving picture of 320 x 180 at 30 per second with a keyframe every second, and a 440 Hz tone, encoded
/// by the bundled ffmpeg. Times are in whole milliseconds for H.264 and AAC (they come out of FLV), exact to 1/30 s for
/// VP8, VP9 and AV1, and to the sample for Opus; each starts at 0.
public final class TestMedia {
    public static final int FRAMES_PER_SECOND = 30;

    private static final Map<List<String>, Bytes> MADE = new ConcurrentHashMap<>();
    private static final long NANOS_PER_MILLI = 1_000_000;

    private TestMedia() {}

    /// H.264 without B-frames.
    public static List<Frame> h264(int seconds) {
        return h264(seconds, 0);
    }

    /// H.264 with two B-frames between the others: dts and pts differ.
    public static List<Frame> h264WithBFrames(int seconds) {
        return h264(seconds, 2);
    }

    /// H.264 or H.265 without B-frames and with the parameter sets in the codec alone, or AV1; of another size.
    ///
    /// @param size as in `640x360`
    public static List<Frame> sized(String codec, String size, int seconds) {
        if (codec.equals("av1")) {
            return ivf(make("ivf", video(size, seconds, "-c:v", "libaom-av1", "-usage", "realtime", "-cpu-used", "8")));
        }
        String parameters = "log-level=none:open-gop=0:scenecut=0:bframes=0";
        List<String> encoder = codec.equals("h265")
                ? List.of("-c:v", "libx265", "-preset", "ultrafast", "-x265-params", parameters)
                : List.of("-c:v", "libx264", "-preset", "veryfast", "-sc_threshold", "0", "-bf", "0");
        return flv(make("flv", video(size, seconds, encoder.toArray(String[]::new))));
    }

    /// H.265 without B-frames.
    public static List<Frame> h265(int seconds) {
        return h265(seconds, 0);
    }

    /// H.265 with two B-frames between the others.
    public static List<Frame> h265WithBFrames(int seconds) {
        return h265(seconds, 2);
    }

    private static List<Frame> h265(int seconds, int bFrames) {
        String parameters = "log-level=none:open-gop=0:scenecut=0:bframes=" + bFrames;
        return flv(make("flv", video(seconds, "-c:v", "libx265", "-preset", "ultrafast", "-x265-params", parameters)));
    }

    private static List<Frame> h264(int seconds, int bFrames) {
        return flv(make(
                "flv",
                video(seconds, "-c:v", "libx264", "-preset", "veryfast", "-sc_threshold", "0", "-bf", "" + bFrames)));
    }

    /// A fixed speed, which is negative: a positive one follows the machine's load, and so do the packets.
    public static List<Frame> vp8(int seconds) {
        return ivf(make("ivf", video(seconds, "-c:v", "libvpx", "-deadline", "realtime", "-cpu-used", "-8")));
    }

    public static List<Frame> vp9(int seconds) {
        return ivf(make("ivf", video(seconds, "-c:v", "libvpx-vp9", "-deadline", "realtime", "-cpu-used", "8")));
    }

    public static List<Frame> av1(int seconds) {
        return ivf(make("ivf", video(seconds, "-c:v", "libaom-av1", "-usage", "realtime", "-cpu-used", "8")));
    }

    /// A picture of 640 x 360 with so much noise that the encoder needs its bit rate; no two frames are alike.
    ///
    /// @param encoder `libx264` or `libvpx`
    public static List<Frame> noise(String encoder, int seconds, int kbitPerSecond, int keyframeSeconds) {
        String rate = kbitPerSecond + "k";
        String group = Integer.toString(keyframeSeconds * FRAMES_PER_SECOND);
        List<String> arguments = new ArrayList<>(List.of("-f", "lavfi", "-i"));
        arguments.add("testsrc2=size=640x360:rate=" + FRAMES_PER_SECOND + ",noise=alls=20:allf=t");
        arguments.addAll(List.of("-t", "" + seconds, "-c:v", encoder, "-b:v", rate, "-minrate", rate));
        arguments.addAll(List.of("-maxrate", rate, "-bufsize", kbitPerSecond / 2 + "k", "-g", group));
        arguments.addAll(List.of("-keyint_min", group, "-pix_fmt", "yuv420p"));
        if (encoder.equals("libx264")) {
            arguments.addAll(
                    List.of("-preset", "ultrafast", "-tune", "zerolatency", "-x264-params", "sliced-threads=0"));
            arguments.addAll(List.of("-sc_threshold", "0", "-bf", "0"));
            return flv(make("flv", arguments));
        }
        arguments.addAll(List.of("-deadline", "realtime", "-cpu-used", "8"));
        return ivf(make("ivf", arguments));
    }

    /// AAC-LC, 44,100 Hz, 2 channels.
    public static List<Frame> aac(int seconds) {
        return flv(make("flv", audio(seconds, "-c:a", "aac", "-b:a", "64k", "-ar", "44100", "-ac", "2")));
    }

    /// Opus, 2 channels, 20 ms.
    public static List<Frame> opus(int seconds) {
        return ogg(make("ogg", audio(seconds, "-c:a", "libopus", "-b:a", "48k", "-ac", "2")));
    }

    public static List<Frame> mp3(int seconds) {
        return flv(make("flv", audio(seconds, "-c:a", "libmp3lame", "-b:a", "64k", "-ar", "44100", "-ac", "2")));
    }

    /// G.711, 8,000 Hz, 1 channel, 20 ms.
    ///
    /// @param law `alaw` or `mulaw`
    public static List<Frame> g711(int seconds, String law) {
        Bytes samples = make(law, audio(seconds, "-c:a", "pcm_" + law, "-ar", "8000", "-ac", "1"));
        Codec codec = law.equals("alaw") ? new Codec.Pcma(8_000, 1) : new Codec.Pcmu(8_000, 1);
        return telephony(samples, codec);
    }

    /// 64 kbit/s.
    private static List<Frame> telephony(Bytes samples, Codec codec) {
        Track track = new Track(Track.AUDIO, codec);
        List<Frame> frames = new ArrayList<>();
        for (int at = 0; at + 160 <= samples.length(); at += 160) {
            long nanos = at / 8 * NANOS_PER_MILLI;
            frames.add(new Frame(track, nanos, nanos, true, samples.slice(at, at + 160)));
        }
        return List.copyOf(frames);
    }

    /// 16,000 Hz, 1 channel, 20 ms of 160 bytes.
    public static List<Frame> g722(int seconds) {
        Bytes samples = make("g722", audio(seconds, "-c:a", "g722", "-ar", "16000", "-ac", "1"));
        return telephony(samples, new Codec.G722(1));
    }

    /// Pictures, sound or both, by their short names: `h264b+aac` is H.264 with B-frames and AAC.
    public static List<Frame> of(String names, int seconds) {
        return Arrays.stream(names.split("\\+"))
                .map(name -> one(name, seconds))
                .reduce(TestMedia::interleaved)
                .orElseThrow();
    }

    private static List<Frame> one(String name, int seconds) {
        return switch (name) {
            case "h264" -> h264(seconds);
            case "h264b" -> h264WithBFrames(seconds);
            case "h265" -> h265(seconds);
            case "h265b" -> h265WithBFrames(seconds);
            case "vp8" -> vp8(seconds);
            case "vp9" -> vp9(seconds);
            case "av1" -> av1(seconds);
            case "aac" -> aac(seconds);
            case "opus" -> opus(seconds);
            case "mp3" -> mp3(seconds);
            case "alaw", "mulaw" -> g711(seconds, name);
            case "g722" -> g722(seconds);
            default -> throw new IllegalArgumentException(name);
        };
    }

    /// All frames of two tracks by decoding time, as a publisher sends them.
    public static List<Frame> interleaved(List<Frame> one, List<Frame> other) {
        List<Frame> all = new ArrayList<>(one);
        all.addAll(other);
        all.sort(Comparator.comparingLong(Frame::dtsNanos));
        return List.copyOf(all);
    }

    /// Opus whose packets are as long as one frame of it can make them, which RTP cannot cut (RFC 7587 4.2).
    public static List<Frame> longOpus(int packets) {
        Track track = opus(1).getFirst().track();
        List<Frame> frames = new ArrayList<>();
        for (int i = 0; i < packets; i++) {
            // RFC 6716 3.1: 20 ms of CELT, one frame; 3.4: 1275 bytes at most.
            byte[] data = new byte[1 + 1275];
            Arrays.fill(data, (byte) i);
            data[0] = (byte) 0xFC;
            frames.add(new Frame(track, i * 20_000_000L, i * 20_000_000L, true, Bytes.wrap(data)));
        }
        return frames;
    }

    /// The same frames, later (or earlier) by this.
    public static List<Frame> shifted(List<Frame> frames, long nanos) {
        return frames.stream()
                .map(frame -> new Frame(
                        frame.track(),
                        frame.dtsNanos() + nanos,
                        frame.ptsNanos() + nanos,
                        frame.keyframe(),
                        frame.data()))
                .toList();
    }

    /// In the order in which they come of somebody who puts so many sounds into one packet: with the last of them.
    public static List<Frame> withSoundInPackets(List<Frame> frames, int sounds) {
        Map<Frame, Long> comes = new IdentityHashMap<>();
        List<Frame> audio =
                frames.stream().filter(frame -> !frame.track().isVideo()).toList();
        for (int i = 0; i < audio.size(); i++) {
            int last = Math.min(i / sounds * sounds + sounds, audio.size()) - 1;
            comes.put(audio.get(i), audio.get(last).dtsNanos());
        }
        List<Frame> all = new ArrayList<>(frames);
        all.sort(Comparator.comparingLong(frame -> comes.getOrDefault(frame, frame.dtsNanos())));
        return List.copyOf(all);
    }

    /// The tracks of these frames, by first appearance.
    public static List<Track> tracks(List<Frame> frames) {
        return frames.stream().map(Frame::track).distinct().toList();
    }

    private static List<String> video(int seconds, String... encoder) {
        return video("320x180", seconds, encoder);
    }

    private static List<String> video(String size, int seconds, String... encoder) {
        String source = "testsrc2=size=%s:rate=%d".formatted(size, FRAMES_PER_SECOND);
        List<String> arguments = new ArrayList<>(List.of("-f", "lavfi", "-i", source, "-t", "" + seconds));
        arguments.addAll(List.of(encoder));
        arguments.addAll(
                List.of("-pix_fmt", "yuv420p", "-g", "" + FRAMES_PER_SECOND, "-keyint_min", "" + FRAMES_PER_SECOND));
        return arguments;
    }

    private static List<String> audio(int seconds, String... encoder) {
        List<String> arguments = new ArrayList<>(
                List.of("-f", "lavfi", "-i", "sine=frequency=440:sample_rate=48000", "-t", "" + seconds));
        arguments.addAll(List.of(encoder));
        return arguments;
    }

    /// ffmpeg's output in this format, made once for all tests of a run.
    private static Bytes make(String format, List<String> arguments) {
        List<String> all = new ArrayList<>(List.of("-v", "error"));
        all.addAll(arguments);
        all.addAll(List.of("-threads", "1", "-f", format, "-"));
        return MADE.computeIfAbsent(
                all, key -> Bytes.wrap(Ffmpeg.ffmpeg(key.toArray(String[]::new)).out()));
    }

    /// The frames of an FLV file with H.264, AAC and MP3.
    public static List<Frame> flv(Path file) {
        try {
            return flv(Bytes.wrap(Files.readAllBytes(file)));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /// Frames of an IVF file that somebody made.
    public static List<Frame> ivf(Path file) {
        try {
            return ivf(Bytes.wrap(Files.readAllBytes(file)));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static List<Frame> flv(Bytes file) {
        List<Frame> frames = new ArrayList<>();
        ByteReader in = file.reader();
        in.skip(9 + 4);
        Track video = null;
        Track audio = null;
        while (in.remaining() > 11) {
            int type = in.u8();
            int size = in.u24();
            long millis = in.u24() | (long) in.u8() << 24;
            in.skip(3);
            Bytes body = in.take(size);
            in.skip(4);
            // Enhanced RTMP: H.265, its sequence start, its frames with and without a composition time.
            int extended = type == 9 && body.u8(0) >= 0x80 ? body.u8(0) & 0xF : -1;
            if (extended == 0) {
                video = new Track(Track.VIDEO, H265.fromHvcc(body.slice(5)));
            } else if (extended == 1 || extended == 3) {
                int cts = extended == 1 ? body.u24(5) << 8 >> 8 : 0;
                boolean keyframe = (body.u8(0) >> 4 & 7) == 1;
                frames.add(frame(video, millis, millis + cts, keyframe, body.slice(extended == 1 ? 8 : 5)));
            } else if (type == 9 && (body.u8(0) & 0x8F) == 7 && body.u8(1) == 0) {
                video = new Track(
                        Track.VIDEO, AvcConfiguration.parse(body.slice(5)).codec());
            } else if (type == 9 && (body.u8(0) & 0x8F) == 7 && body.u8(1) == 1) {
                int cts = body.u24(2) << 8 >> 8;
                boolean keyframe = body.u8(0) >> 4 == 1;
                frames.add(frame(video, millis, millis + cts, keyframe, H264.normalised(body.slice(5), 4)));
            } else if (type == 8 && body.u8(0) >> 4 == 10 && body.u8(1) == 0) {
                audio = new Track(Track.AUDIO, Aac.fromConfig(body.slice(2)));
            } else if (type == 8 && body.u8(0) >> 4 == 10) {
                frames.add(frame(audio, millis, millis, true, body.slice(2)));
            } else if (type == 8 && body.u8(0) >> 4 == 2) {
                audio = new Track(Track.AUDIO, new Codec.Mp3(44_100, 2));
                frames.add(frame(audio, millis, millis, true, body.slice(1)));
            }
        }
        return List.copyOf(frames);
    }

    private static Frame frame(Track track, long dtsMillis, long ptsMillis, boolean keyframe, Bytes data) {
        return new Frame(track, dtsMillis * NANOS_PER_MILLI, ptsMillis * NANOS_PER_MILLI, keyframe, data);
    }

    private static List<Frame> ivf(Bytes file) {
        List<Frame> frames = new ArrayList<>();
        ByteReader in = file.reader();
        in.skip(8);
        String fourCc = in.take(4).toUtf8();
        in.skip(4);
        long rate = in.i32Le();
        long scale = in.i32Le();
        in.skip(8);
        Track track = null;
        while (in.hasRemaining()) {
            int size = in.i32Le();
            long nanos = 1_000_000_000L * in.i32Le() * scale / rate;
            in.skip(4);
            Bytes data = in.take(size);
            if (fourCc.equals("AV01")) {
                data = data.slice(2); // the temporal delimiter, which a Frame does not have
            }
            boolean keyframe = switch (fourCc) {
                case "VP80" -> Vp8Header.parse(data).keyframe();
                case "VP90" -> Vp9Header.parse(data).keyframe();
                default -> Av1TemporalUnit.parse(data).keyframe();
            };
            if (track == null) {
                Codec codec = switch (fourCc) {
                    case "VP80" -> Vp8Header.parse(data).codec();
                    case "VP90" -> Vp9Header.parse(data).codec();
                    default ->
                        Av1TemporalUnit.parse(data)
                                .sequenceHeader()
                                .orElseThrow()
                                .codec();
                };
                track = new Track(Track.VIDEO, codec);
            }
            frames.add(new Frame(track, nanos, nanos, keyframe, data));
        }
        return List.copyOf(frames);
    }

    /// RFC 3533 pages of RFC 7845 packets, without a look at checksums.
    private static List<Frame> ogg(Bytes file) {
        List<Bytes> packets = new ArrayList<>();
        ByteReader in = file.reader();
        byte[] packet = {};
        while (in.hasRemaining()) {
            in.skip(26);
            Bytes lacing = in.take(in.u8());
            for (int i = 0; i < lacing.length(); i++) {
                Bytes part = in.take(lacing.u8(i));
                int at = packet.length;
                packet = Arrays.copyOf(packet, at + part.length());
                part.copyTo(0, packet, at, part.length());
                if (lacing.u8(i) < 255) {
                    packets.add(Bytes.wrap(packet));
                    packet = new byte[0];
                }
            }
        }
        Track track = new Track(Track.AUDIO, OpusHead.parse(packets.getFirst()).codec());
        List<Frame> frames = new ArrayList<>();
        long samples = 0;
        for (Bytes data : packets.subList(2, packets.size())) {
            long nanos = samples * 1_000_000_000L / 48_000;
            frames.add(new Frame(track, nanos, nanos, true, data));
            samples += OpusPacket.samples(data);
        }
        return List.copyOf(frames);
    }
}
