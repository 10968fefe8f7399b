package tapedeck.container.ts;

import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.time.LocalDateTime;
import java.time.ZoneOffset;
import java.util.List;
import tapedeck.bytes.ByteWriter;
import tapedeck.bytes.Bytes;

/// The sections that say what a transport stream holds: PAT (2.4.4.3) and PMT (2.4.4.8), and of DVB the service's name
/// (SDT) and the time (TDT), ETSI EN 300 468 5.2.3 and 5.2.5.
final class TableWriter {
    static final int PAT_PID = 0;
    static final int SDT_PID = 0x11;
    static final int TDT_PID = 0x14;
    static final int PMT_PID = 0x1000;

    static final int PAT = 0x00;
    static final int PMT = 0x02;
    static final int SDT = 0x42;
    static final int TDT = 0x70;

    /// 6.2.33.
    static final int SERVICE_DESCRIPTOR = 0x48;
    /// Annex A.2: the character table selector of UTF-8.
    static final int UTF_8 = 0x15;

    private static final int PROGRAM = 1;
    private static final int TRANSPORT_STREAM = 1;
    /// The first of those for private use, ETSI TS 101 162.
    private static final int NETWORK = 0xFF01;

    private static final int LONGEST_NAME_BYTES = 200;
    private static final String PROVIDER = "Tapedeck";
    /// Modified Julian Date of 1970-01-01, annex C.
    private static final int MJD_1970 = 40_587;

    private TableWriter() {}

    static Bytes pat() {
        return section(
                PAT, 0xB000, TRANSPORT_STREAM, new ByteWriter(4).u16(PROGRAM).u16(0xE000 | PMT_PID));
    }

    static Bytes pmt(int pcrPid, List<StreamEntry> streams) {
        ByteWriter body = new ByteWriter(64).u16(0xE000 | pcrPid).u16(0xF000);
        for (StreamEntry stream : streams) {
            body.u8(stream.streamType()).u16(0xE000 | stream.pid());
            body.u16(0xF000 | stream.descriptors().length()).bytes(stream.descriptors());
        }
        return section(PMT, 0xB000, PROGRAM, body);
    }

    static Bytes sdt(String title, boolean video) {
        ByteWriter name = new ByteWriter(32);
        name.u8(video ? 0x01 : 0x02); // service_type: television, radio
        name.u8(PROVIDER.length()).ascii(PROVIDER);
        Bytes text = text(title);
        name.u8(text.length()).bytes(text);
        ByteWriter body = new ByteWriter(64).u16(NETWORK).u8(0xFF);
        body.u16(PROGRAM).u8(0xFC); // no events are told
        body.u16(0x8000 | name.length() + 2); // running, free
        body.u8(SERVICE_DESCRIPTOR).u8(name.length()).bytes(name.toBytes());
        return section(SDT, 0xF000, TRANSPORT_STREAM, body);
    }

    /// Plain ASCII needs no selector; cut at a character.
    private static Bytes text(String title) {
        boolean ascii = title.chars().allMatch(c -> c >= ' ' && c < 0x7F);
        String cut = title;
        while (cut.getBytes(StandardCharsets.UTF_8).length > LONGEST_NAME_BYTES) {
            cut = cut.substring(0, cut.offsetByCodePoints(cut.length(), -1));
        }
        ByteWriter out = new ByteWriter(cut.length() + 1);
        if (!ascii) {
            out.u8(UTF_8);
        }
        return out.utf8(cut).toBytes();
    }

    /// To the second; the date has 16 bits, which end in 2038.
    static Bytes tdt(Instant time) {
        LocalDateTime utc = LocalDateTime.ofInstant(time, ZoneOffset.UTC);
        return new ByteWriter(8)
                .u8(TDT)
                .u16(0x7005)
                .u16((int) utc.toLocalDate().toEpochDay() + MJD_1970)
                .u8(bcd(utc.getHour()))
                .u8(bcd(utc.getMinute()))
                .u8(bcd(utc.getSecond()))
                .toBytes();
    }

    private static int bcd(int value) {
        return value / 10 << 4 | value % 10;
    }

    /// @param flags section_syntax_indicator and its neighbours
    private static Bytes section(int tableId, int flags, int extension, ByteWriter body) {
        int sectionLength = 5 + body.length() + 4;
        ByteWriter out = new ByteWriter(3 + sectionLength);
        out.u8(tableId).u16(flags | sectionLength).u16(extension);
        out.u8(0xC1).u8(0).u8(0); // version 0, current; the only section
        out.bytes(body.toBytes());
        return out.u32(Crc32Mpeg.of(out.toBytes())).toBytes();
    }
}
