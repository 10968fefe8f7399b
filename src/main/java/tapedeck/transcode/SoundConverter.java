package tapedeck.transcode;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.bytedeco.ffmpeg.avutil.AVFrame;
import org.jspecify.annotations.Nullable;
import tapedeck.bytes.Bytes;

/// One stream in a worker: decodes, brings the samples to where their stamps say, and encodes.
final class SoundConverter implements AutoCloseable {
    /// The stretch is decided anew after so many samples.
    private static final int STRETCH_SAMPLES = 1 << 14;

    private static final long NANOS_PER_SECOND = 1_000_000_000;

    private Entry.@Nullable Open settings;
    private Entry.@Nullable Source source;
    private @Nullable SoundClock clock;
    private @Nullable SoundDecoder decoder;
    private @Nullable Resampler resampler;
    private @Nullable AacEncoder encoder;
    private long produced;
    private long nextFrame;
    private int stretch;
    private long stretchAt;
    private int damaged;
    private long filledNanos;
    private List<Entry.Sound> sounds = new ArrayList<>();

    Entry.Answer accept(Entry.Batch batch) {
        List<Entry> entries = batch.entries();
        for (int i = 0; i < entries.size(); i++) {
            switch (entries.get(i)) {
                case Entry.Open open -> open(open);
                case Entry.Source given -> {
                    closeDecoder();
                    source = given;
                }
                case Entry.Packet packet -> packet(packet, entries, i);
                case Entry.Silence silence -> silence(silence.untilNanos());
                case Entry.Flush _ -> finish();
            }
        }
        List<Entry.Sound> done = sounds;
        sounds = new ArrayList<>();
        int lost = damaged;
        damaged = 0;
        long filled = filledNanos;
        filledNanos = 0;
        return new Entry.Answer(
                batch.stream(), done, clock == null ? Entry.UNANCHORED : clock.anchorNanos(), nextFrame, lost, filled);
    }

    private void open(Entry.Open open) {
        close();
        settings = open;
        if (open.anchorNanos() != Entry.UNANCHORED) {
            begin(open, open.anchorNanos(), open.nextFrame());
        }
    }

    private AacEncoder begin(Entry.Open open, long anchorNanos, long firstFrame) {
        clock = new SoundClock(open.sampleRateHz(), anchorNanos);
        nextFrame = firstFrame;
        produced = firstFrame * AacEncoder.FRAME_SAMPLES;
        stretch = 0;
        stretchAt = 0;
        AacEncoder begun = new AacEncoder(open, this::encoded);
        encoder = begun;
        return begun;
    }

    private void encoded(Bytes frame) {
        SoundClock current = clock;
        if (current != null) {
            sounds.add(new Entry.Sound(current.nanosAt(nextFrame * AacEncoder.FRAME_SAMPLES), frame));
            nextFrame++;
        }
    }

    private void packet(Entry.Packet packet, List<Entry> entries, int index) {
        Entry.Open open = settings;
        Entry.Source from = source;
        if (open == null || from == null) {
            throw new IllegalStateException("a packet before its stream was opened");
        }
        SoundDecoder decode = decoder;
        if (decode == null) {
            decode = new SoundDecoder(from);
            decoder = decode;
        }
        AVFrame frame = decode.decode(packet.data());
        if (frame == null) {
            damaged++;
            silence(packet.ptsNanos());
            return;
        }
        if (!place(frame, open, packet.ptsNanos(), entries, index)) {
            // A jump: what is inside comes out where it belongs, and the sound begins anew.
            drain();
            place(frame, open, packet.ptsNanos(), entries, index);
        }
    }

    /// Puts the samples where they belong, unless that is after a jump.
    private boolean place(AVFrame frame, Entry.Open open, long ptsNanos, List<Entry> entries, int index) {
        AacEncoder target = encoder;
        if (target == null) {
            target = begin(open, ptsNanos, 0);
        }
        SoundClock current = clock;
        if (current == null) {
            throw new IllegalStateException("an encoder without a clock");
        }
        Resampler resample = resampler;
        if (resample == null || !resample.takes(frame)) {
            closeResampler();
            resample = new Resampler(frame, open.sampleRateHz(), open.channels());
            resampler = resample;
            stretch = 0;
        }
        int rate = open.sampleRateHz();
        int outSamples = (int) ((long) frame.nb_samples() * rate / resample.inRateHz());
        long step = current.step(produced + resample.delay(), targets(current, entries, index), outSamples);
        if (step > SoundClock.samples(SoundClock.MAX_SILENCE_NANOS, rate)) {
            return false;
        }
        put(frame, step, rate, resample, target);
        stretch(current, resample);
        return true;
    }

    private static long[] targets(SoundClock current, List<Entry> entries, int index) {
        long[] targets = new long[SoundClock.WITNESSES];
        int count = 0;
        for (int i = index;
                i < entries.size() && count < targets.length && entries.get(i) instanceof Entry.Packet next;
                i++) {
            targets[count++] = current.sampleAt(next.ptsNanos());
        }
        return Arrays.copyOf(targets, count);
    }

    private void put(AVFrame frame, long step, int rateHz, Resampler resample, AacEncoder target) {
        if (step > 0) {
            filledNanos += nanos(step, rateHz);
            produced += resample.silence(step * resample.inRateHz() / rateHz, target);
        }
        int cut = step < 0 ? (int) Math.min(frame.nb_samples(), -step * resample.inRateHz() / rateHz) : 0;
        if (cut < frame.nb_samples()) {
            produced += resample.convert(frame, cut, target);
        }
    }

    private void stretch(SoundClock current, Resampler resample) {
        if (produced < stretchAt) {
            return;
        }
        stretchAt = produced + STRETCH_SAMPLES;
        int wanted = current.stretch();
        if (wanted != 0 || stretch != 0) {
            resample.stretch(wanted);
            stretch = wanted;
        }
    }

    /// No sound came until this time. If none came at all, there is nothing to go on with.
    private void silence(long untilNanos) {
        SoundClock current = clock;
        AacEncoder target = encoder;
        Entry.Open open = settings;
        if (current == null || target == null || open == null) {
            return;
        }
        Resampler resample = resampler;
        long missing = current.sampleAt(untilNanos) - produced - (resample == null ? 0 : resample.delay());
        if (missing <= 0 || missing > SoundClock.samples(SoundClock.MAX_SILENCE_NANOS, open.sampleRateHz())) {
            return;
        }
        filledNanos += nanos(missing, open.sampleRateHz());
        if (resample == null) {
            target.silence((int) missing);
            produced += missing;
        } else {
            produced += resample.silence(missing * resample.inRateHz() / open.sampleRateHz(), target);
        }
        current.forget();
    }

    private static long nanos(long samples, int rateHz) {
        return samples * NANOS_PER_SECOND / rateHz;
    }

    private void finish() {
        drain();
        clock = null;
    }

    private void drain() {
        AacEncoder target = encoder;
        if (target == null) {
            return;
        }
        Resampler resample = resampler;
        if (resample != null) {
            resample.finish(target);
        }
        target.finish();
        target.close();
        encoder = null;
        if (resample != null) {
            resample.close();
            resampler = null;
        }
    }

    private void closeResampler() {
        Resampler resample = resampler;
        AacEncoder target = encoder;
        if (resample != null) {
            if (target != null) {
                produced += resample.finish(target);
            }
            resample.close();
            resampler = null;
        }
    }

    private void closeDecoder() {
        if (decoder != null) {
            decoder.close();
            decoder = null;
        }
    }

    @Override
    public void close() {
        closeDecoder();
        if (resampler != null) {
            resampler.close();
            resampler = null;
        }
        if (encoder != null) {
            encoder.close();
            encoder = null;
        }
        clock = null;
    }
}
