package tapedeck.container.ts;

import java.time.DateTimeException;
import java.time.Instant;
import java.time.LocalDate;
import java.time.LocalTime;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.SequencedMap;
import org.jspecify.annotations.Nullable;
import tapedeck.bytes.ByteReader;
import tapedeck.bytes.Bytes;
import tapedeck.bytes.MalformedException;

/// What sections say: the other way round of [TableWriter].
final class ProgramTables {
    /// A PMT fits a section of 1,024 bytes: no more than 200 streams of five bytes.
    static final int MAX_STREAMS = 200;
    /// Of a PAT.
    static final int MAX_PROGRAMS = 64;

    private static final int SYNTAX_HEAD_BYTES = 8;
    private static final int CRC_BYTES = 4;
    private static final int MJD_1970 = 40_587;

    private ProgramTables() {}

    /// 2.4.4.9.
    record ProgramMap(int program, int version, int pcrPid, List<StreamEntry> streams) {}

    /// The programs in a PAT that applies now, in order, and the PIDs of their maps; null for another: program 0 is the
    /// network. Further ones than [#MAX_PROGRAMS] are not looked at.
    static @Nullable SequencedMap<Integer, Integer> programs(Bytes pat) {
        ByteReader in = body(pat, TableWriter.PAT);
        if (in == null) {
            return null;
        }
        SequencedMap<Integer, Integer> pids = new LinkedHashMap<>();
        while (in.remaining() >= 4 && pids.size() < MAX_PROGRAMS) {
            int program = in.u16();
            int pid = in.u16() & TsPacket.NULL_PID;
            if (program != 0) {
                pids.put(program, pid);
            }
        }
        return pids;
    }

    /// Null for one that does not apply yet.
    static @Nullable ProgramMap map(Bytes pmt) {
        ByteReader in = body(pmt, TableWriter.PMT);
        if (in == null) {
            return null;
        }
        int pcrPid = in.u16() & TsPacket.NULL_PID;
        in.skip(in.u16() & 0xFFF);
        List<StreamEntry> streams = new ArrayList<>();
        while (in.remaining() >= 5) {
            int type = in.u8();
            int pid = in.u16() & TsPacket.NULL_PID;
            streams.add(new StreamEntry(type, pid, in.take(in.u16() & 0xFFF)));
        }
        if (streams.size() > MAX_STREAMS) {
            throw new MalformedException("MPEG-TS: PMT with %d streams".formatted(streams.size()));
        }
        return new ProgramMap(pmt.u16(3), pmt.u8(5) >> 1 & 0x1F, pcrPid, List.copyOf(streams));
    }

    /// The names of the services in an SDT, by their ids, which are the numbers of programs; those that have one.
    static SequencedMap<Integer, String> serviceNames(Bytes sdt) {
        SequencedMap<Integer, String> names = new LinkedHashMap<>();
        ByteReader in = body(sdt, TableWriter.SDT);
        if (in == null || in.remaining() < 3) {
            return names;
        }
        in.skip(3);
        while (in.remaining() >= 5 && names.size() < MAX_PROGRAMS) {
            int service = in.u16();
            in.skip(1);
            String name = serviceName(in.take(Math.min(in.u16() & 0xFFF, in.remaining())));
            if (!name.isEmpty()) {
                names.put(service, name);
            }
        }
        return names;
    }

    private static String serviceName(Bytes descriptors) {
        for (StreamEntry.Descriptor descriptor : StreamEntry.descriptors(descriptors)) {
            if (descriptor.tag() == TableWriter.SERVICE_DESCRIPTOR) {
                ByteReader service = descriptor.body().reader();
                service.skip(1);
                service.skip(service.u8());
                return text(service.take(service.u8()));
            }
        }
        return "";
    }

    /// Annex A: other character tables than Latin and UTF-8 are taken for what they are not.
    private static String text(Bytes bytes) {
        if (!bytes.isEmpty() && bytes.u8(0) < 0x20) {
            return bytes.slice(1).toUtf8();
        }
        return bytes.toUtf8();
    }

    /// The time of a TDT or TOT; null for one that says none.
    static @Nullable Instant time(Bytes tdt) {
        ByteReader in = tdt.reader();
        in.skip(3);
        if (in.remaining() < 5) {
            return null;
        }
        try {
            LocalDate date = LocalDate.ofEpochDay(in.u16() - MJD_1970);
            return date.atTime(LocalTime.of(decimal(in.u8()), decimal(in.u8()), decimal(in.u8())))
                    .toInstant(ZoneOffset.UTC);
        } catch (DateTimeException _) {
            return null;
        }
    }

    private static int decimal(int bcd) {
        return (bcd >> 4) * 10 + (bcd & 0xF);
    }

    /// What is between the eight bytes in front and the CRC_32; null if the table is not this or does not apply now.
    private static @Nullable ByteReader body(Bytes section, int tableId) {
        if (section.length() < SYNTAX_HEAD_BYTES + CRC_BYTES || section.u8(0) != tableId || (section.u8(5) & 1) == 0) {
            return null;
        }
        return section.slice(SYNTAX_HEAD_BYTES, section.length() - CRC_BYTES).reader();
    }
}
