package tapedeck.mix;

import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import tapedeck.bytes.Bytes;
import tapedeck.transcode.CodedSource;
import tapedeck.transcode.NativeFailure;
import tapedeck.transcode.SoundEncoder;
import tapedeck.transcode.SoundSource;

/// The sum of all voices on one time line of samples: each where its stamps say, silence where there is none. Only in a
/// worker.
final class SoundMix implements Engine {
    /// Sound that is this far from where its stamp says is put there; less is the noise of stamps.
    static final long STRAY_NANOS = 30_000_000L;
    /// Sound this far ahead of what is mixed is not kept.
    static final int MAX_AHEAD_SAMPLES = 30 * SoundEncoder.RATE_HZ;

    private static final long NANOS_PER_SECOND = 1_000_000_000;
    private static final long STRAY_SAMPLES = samples(STRAY_NANOS);

    private final @Nullable SoundEncoder encoder;
    private final @Nullable Loudness loudness;
    private final Limiter limiter = new Limiter(SoundEncoder.CHANNELS);
    private final Map<Integer, Voice> voices = new TreeMap<>();
    /// From sample [#begin] on; zero where nothing was added.
    private final float[][] sum = new float[SoundEncoder.CHANNELS][SoundEncoder.RATE_HZ];
    private long begin;
    private int damaged;

    private static final class Voice {
        private final int line;
        private final long start;
        private long end;
        private SoundSource source;
        private boolean placed;
        private long next;

        Voice(int line, long start, long end, SoundSource source) {
            this.line = line;
            this.start = start;
            this.end = end;
            this.source = source;
        }
    }

    SoundMix(Ask.OpenSound open, Consumer<Bytes> frames, Loudness.Sink loudest) {
        encoder = open.mixed() ? new SoundEncoder(MixSettings.SOUND_BITRATE_MODE, frames) : null;
        loudness = open.heard() ? new Loudness(loudest) : null;
        begin = open.fromSample();
    }

    static long samples(long nanos) {
        long seconds = Math.floorDiv(nanos, NANOS_PER_SECOND);
        long rest = Math.floorMod(nanos, NANOS_PER_SECOND);
        return seconds * SoundEncoder.RATE_HZ + (rest * SoundEncoder.RATE_HZ + NANOS_PER_SECOND / 2) / NANOS_PER_SECOND;
    }

    @Override
    public void join(Ask.Join join) {
        SoundSource source = open(join.source());
        if (source != null) {
            voices.put(
                    join.line(), new Voice(join.line(), samples(join.startNanos()), samples(join.endNanos()), source));
        }
    }

    /// Null for what no decoder takes: it is not heard, and the others are.
    private @Nullable SoundSource open(CodedSource source) {
        try {
            return new SoundSource(source);
        } catch (NativeFailure _) {
            damaged++;
            return null;
        }
    }

    @Override
    public void change(int line, CodedSource source) {
        Voice voice = voices.get(line);
        if (voice != null) {
            drain(voice);
            voice.source.close();
            SoundSource next = open(source);
            if (next == null) {
                voices.remove(line);
            } else {
                voice.source = next;
            }
        }
    }

    @Override
    public void packet(Ask.Packet packet) {
        Voice voice = voices.get(packet.line());
        if (voice == null) {
            return;
        }
        long target = samples(packet.ptsNanos());
        if (!voice.placed || Math.abs(target - voice.next - voice.source.delay()) > STRAY_SAMPLES) {
            drain(voice);
            voice.next = target;
            voice.placed = true;
        }
        if (decode(voice, packet.data())) {
            add(voice);
        } else {
            damaged++;
        }
    }

    private static boolean decode(Voice voice, Bytes data) {
        try {
            return voice.source.decode(data);
        } catch (NativeFailure _) {
            // Samples that cannot be converted.
            return false;
        }
    }

    @Override
    public void end(int line) {
        Voice voice = voices.remove(line);
        if (voice != null) {
            drain(voice);
            voice.source.close();
        }
    }

    private void drain(Voice voice) {
        voice.source.drain();
        add(voice);
    }

    /// Adds what came out of the decoder.
    private void add(Voice voice) {
        int count = voice.source.count();
        long at = voice.next;
        voice.next += count;
        long from = Math.max(Math.max(voice.start, begin), at);
        long to = Math.min(Math.min(voice.end, begin + MAX_AHEAD_SAMPLES), at + count);
        if (from >= to) {
            return;
        }
        Loudness heard = loudness;
        if (heard != null) {
            heard.add(voice.line, from, voice.source.samples(0), (int) (from - at), (int) (to - from));
        }
        if (encoder == null) {
            return;
        }
        int index = (int) (from - begin);
        int length = (int) (to - from);
        for (int c = 0; c < sum.length; c++) {
            if (index + length > sum[c].length) {
                sum[c] = Arrays.copyOf(sum[c], 2 * (index + length));
            }
            float[] samples = voice.source.samples(c);
            int source = (int) (from - at);
            for (int i = 0; i < length; i++) {
                sum[c][index + i] += samples[source + i];
            }
        }
    }

    @Override
    public void leave(int line, long nanos) {
        Voice voice = voices.get(line);
        if (voice != null) {
            voice.end = samples(nanos);
        }
    }

    @Override
    public void skip(long until) {
        if (until > begin) {
            forward(until - begin);
        }
    }

    @Override
    public void advance(long until) {
        Loudness heard = loudness;
        SoundEncoder to = encoder;
        if (heard != null) {
            heard.advance(until);
        }
        if (to != null) {
            mix(until, to);
        } else {
            begin = until;
        }
        for (Voice voice : List.copyOf(voices.values())) {
            if (voice.end <= begin) {
                voices.remove(voice.line);
                voice.source.close();
            }
        }
    }

    private void mix(long until, SoundEncoder to) {
        int blocks = (int) ((until - begin) / Limiter.BLOCK);
        if (blocks <= 0) {
            return;
        }
        int length = blocks * Limiter.BLOCK;
        for (int c = 0; c < sum.length; c++) {
            if (length > sum[c].length) {
                sum[c] = Arrays.copyOf(sum[c], length);
            }
        }
        for (int i = 0; i < blocks; i++) {
            if (limiter.next(sum, i * Limiter.BLOCK)) {
                to.encode(limiter.out(), 0, Limiter.BLOCK);
            }
        }
        forward(length);
    }

    /// Forgets what was added up for so many samples.
    private void forward(long count) {
        for (float[] channel : sum) {
            int length = (int) Math.min(channel.length, count);
            System.arraycopy(channel, length, channel, 0, channel.length - length);
            Arrays.fill(channel, channel.length - length, channel.length, 0);
        }
        begin += count;
    }

    @Override
    public void finish() {
        SoundEncoder to = encoder;
        if (to == null) {
            return;
        }
        if (limiter.last()) {
            to.encode(limiter.out(), 0, Limiter.BLOCK);
        }
        to.finish();
    }

    @Override
    public int damaged() {
        return damaged;
    }

    @Override
    public void close() {
        voices.values().forEach(voice -> voice.source.close());
        voices.clear();
        if (encoder != null) {
            encoder.close();
        }
    }
}
