package tapedeck.container.ts;

import java.io.IOException;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import tapedeck.bytes.Bytes;
import tapedeck.container.Muxer;
import tapedeck.container.MuxerOptions;
import tapedeck.container.Output;
import tapedeck.container.SizeChange;
import tapedeck.media.Codec;
import tapedeck.media.Frame;
import tapedeck.media.Track;

/// Writes a growing transport stream. Each flush begins with the tables, holds whole PES packets in decoding order, and
/// leaves in one append; a PES packet whose length is not said is never the last thing in it (see [TsEnd]).
///
/// Time 0 of the file is [#ZERO_TICKS] on its clocks, as FFmpeg has it, so that the decoding times of pictures that are
/// shown later, and the reference clock, which runs [#DELAY_TICKS] before decoding, are not negative. What would come
/// from before that is left out. After an [IOException] it writes nothing more.
final class TsMuxer implements Muxer {
    static final long ZERO_TICKS = TsTime.TICKS_PER_SECOND * 14 / 10;
    /// How long data waits in the decoder's buffers, 2.4.2.
    static final long DELAY_TICKS = TsTime.TICKS_PER_SECOND * 7 / 10;
    /// 2.7.2 allows 100 ms between two references.
    static final long MAX_PCR_STEP_TICKS = TsTime.TICKS_PER_SECOND * 8 / 100;
    /// A longer silence is a jump of the clock, and not filled with references.
    static final long MAX_SILENCE_TICKS = 10 * TsTime.TICKS_PER_SECOND;
    /// How far the name of the stream and the time of day are apart.
    static final long TITLE_STEP_TICKS = 10 * TsTime.TICKS_PER_SECOND;

    static final int MAX_TRACKS = 32;

    private static final int FIRST_PID = 0x100;
    private static final long NONE = Long.MIN_VALUE;

    private final Output output;
    private final MuxerOptions options;
    private final List<TsTrack> tracks = new ArrayList<>();
    private final int pcrPid;
    private final Bytes pat = TableWriter.pat();
    private final Bytes pmt;
    private final Bytes sdt;
    private final PacketWriter packets = new PacketWriter();
    private List<Unit> pending = new ArrayList<>();
    private boolean failed;
    private boolean started;
    private long zeroNanos;
    private long pcrTicks = NONE;
    private long titleTicks = NONE;
    private boolean unbounded;

    /// One frame that waits, in the form of its elementary stream.
    record Unit(TsTrack track, long dtsNanos, long ptsNanos, boolean keyframe, long durationNanos, List<Bytes> parts) {
        long bytes() {
            long bytes = 0;
            for (int i = 0; i < parts.size(); i++) {
                bytes += parts.get(i).length();
            }
            return bytes;
        }
    }

    TsMuxer(Output output, List<Track> tracks, MuxerOptions options) {
        if (tracks.isEmpty() || tracks.size() > MAX_TRACKS) {
            throw new IllegalArgumentException("MPEG-TS with %d tracks".formatted(tracks.size()));
        }
        this.output = output;
        this.options = options;
        Set<Integer> ids = new HashSet<>();
        List<StreamEntry> entries = new ArrayList<>();
        int clockPid = FIRST_PID;
        boolean video = false;
        for (Track track : tracks) {
            if (!ids.add(track.id()) || !StreamEntry.canCarry(track.codec())) {
                throw new IllegalArgumentException("MPEG-TS cannot have " + track);
            }
            StreamEntry entry = StreamEntry.of(track.codec(), FIRST_PID + entries.size());
            entries.add(entry);
            this.tracks.add(new TsTrack(track, entry));
            if (track.isVideo() && !video) {
                video = true;
                clockPid = entry.pid();
            }
        }
        pcrPid = clockPid;
        pmt = TableWriter.pmt(pcrPid, entries);
        sdt = TableWriter.sdt(options.title(), video);
    }

    @Override
    public boolean carries(Track track) {
        return find(track) >= 0;
    }

    private int find(Track track) {
        for (int i = 0; i < tracks.size(); i++) {
            if (goesOn(tracks.get(i).track(), track)) {
                return i;
            }
        }
        return -1;
    }

    /// Parameter sets go with every keyframe: others for a picture of the same size are no reason for a new file.
    @SuppressWarnings("ReferenceEquality") // the same instance comes with nearly every frame; its parts are long
    private boolean goesOn(Track known, Track track) {
        if (known == track || known.equals(track)) {
            return true;
        }
        return known.id() == track.id()
                && known.codec() instanceof Codec.Video was
                && track.codec() instanceof Codec.Video is
                && was.getClass() == is.getClass()
                && (options.sizeChange() == SizeChange.GOES_ON
                        || was.width() == is.width() && was.height() == is.height());
    }

    @Override
    public void write(Frame frame) {
        int index = find(frame.track());
        if (index < 0) {
            throw new IllegalArgumentException("not a track of this file: " + frame.track());
        }
        pending.add(tracks.get(index).unit(frame));
    }

    @Override
    public void flush() throws IOException {
        if (failed) {
            throw new IOException("an append failed before: the counters would not go on");
        }
        if (pending.isEmpty()) {
            return;
        }
        List<Unit> units = pending;
        pending = new ArrayList<>();
        if (!started) {
            started = true;
            zeroNanos = units.stream().mapToLong(Unit::ptsNanos).min().orElseThrow();
        }
        units.removeIf(unit -> ticks(unit.dtsNanos()) < 0);
        if (units.isEmpty()) {
            return;
        }
        units.sort(Comparator.comparingLong(Unit::dtsNanos));
        reserve(units);
        tables(ticks(units.getFirst().dtsNanos()));
        for (Unit unit : units) {
            add(unit);
        }
        for (TsTrack track : tracks) {
            sound(track);
        }
        if (unbounded) {
            packets.nothing();
        }
        failed = true;
        output.append(List.of(packets.handOver()));
        failed = false;
    }

    private void reserve(List<Unit> units) {
        long payloads = 8;
        for (Unit unit : units) {
            payloads += unit.bytes() / (TsPacket.BYTES - TsPacket.HEADER_BYTES) + 2;
        }
        packets.reserve(payloads * TsPacket.BYTES);
    }

    private void tables(long dtsTicks) {
        packets.section(TableWriter.PAT_PID, pat);
        packets.section(TableWriter.PMT_PID, pmt);
        if (titleTicks == NONE || dtsTicks - titleTicks >= TITLE_STEP_TICKS) {
            titleTicks = dtsTicks;
            packets.section(TableWriter.SDT_PID, sdt);
            long sinceZeroNanos = TsTime.nanos(dtsTicks - ZERO_TICKS);
            packets.section(
                    TableWriter.TDT_PID, TableWriter.tdt(options.startedAt().plusNanos(sinceZeroNanos)));
        }
    }

    private void add(Unit unit) {
        for (TsTrack track : tracks) {
            if (track.isDue(unit)) {
                sound(track);
            }
        }
        if (unit.track().track().isAudio()) {
            unit.track().gather(unit);
        } else {
            pes(unit.track(), List.of(unit));
        }
    }

    private void sound(TsTrack track) {
        List<Unit> gathered = track.takeGathered();
        if (!gathered.isEmpty()) {
            pes(track, gathered);
        }
    }

    /// One PES packet of frames that follow on each other.
    private void pes(TsTrack track, List<Unit> units) {
        Unit first = units.getFirst();
        long dtsTicks = track.rising(ticks(first.dtsNanos()));
        long ptsTicks = Math.max(dtsTicks, ticks(first.ptsNanos()));
        List<Bytes> parts = new ArrayList<>(units.size() == 1 ? first.parts().size() + 1 : 2 * units.size() + 1);
        parts.add(Bytes.EMPTY);
        long bytes = 0;
        for (Unit unit : units) {
            parts.addAll(unit.parts());
            bytes += unit.bytes();
        }
        Bytes header = PesHeader.write(track.entry().streamId(), ptsTicks, dtsTicks, bytes);
        parts.set(0, header);
        unbounded = header.u16(PesHeader.LENGTH_AT) == 0;
        int pid = track.entry().pid();
        boolean entryPoint = first.keyframe() && (track.track().isVideo() || pid == pcrPid);
        boolean says = clock(dtsTicks - DELAY_TICKS, pid == pcrPid);
        packets.pes(pid, parts, entryPoint ? PacketWriter.RANDOM_ACCESS : 0, says ? pcrTicks : -1);
    }

    /// Brings the reference clock to this time. What it passes on the way is said in packets of its own.
    ///
    /// @param carried whether the packet that comes next can say it
    /// @return whether it has to
    private boolean clock(long ticks, boolean carried) {
        long now = Math.max(0, ticks);
        if (pcrTicks == NONE || now - pcrTicks > MAX_SILENCE_TICKS) {
            boolean jump = pcrTicks != NONE;
            pcrTicks = now;
            if (jump || !carried) {
                packets.clock(pcrPid, now, jump ? PacketWriter.DISCONTINUITY : 0);
                return false;
            }
            return true;
        }
        while (now - pcrTicks > MAX_PCR_STEP_TICKS) {
            pcrTicks += MAX_PCR_STEP_TICKS;
            packets.clock(pcrPid, pcrTicks, 0);
        }
        if (!carried || now - pcrTicks < MAX_PCR_STEP_TICKS / 4) {
            return false;
        }
        pcrTicks = now;
        return true;
    }

    private long ticks(long nanos) {
        return ZERO_TICKS + TsTime.ticks(nanos - zeroNanos);
    }

    @Override
    public void close() throws IOException {
        if (!failed) {
            flush();
        }
    }
}
