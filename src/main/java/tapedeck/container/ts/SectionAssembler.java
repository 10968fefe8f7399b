package tapedeck.container.ts;

import java.util.function.Consumer;
import tapedeck.bytes.ByteWriter;
import tapedeck.bytes.Bytes;

/// Sections out of the packets of one PID, 2.4.4: pointer_field says where the first one begins, FF ends them.
/// Sections that are damaged are left out; the next repetition will do.
final class SectionAssembler {
    /// 2.4.4.3 and ETSI EN 300 468 5.1.1 allow 1,024; private sections have 4,096.
    static final int MAX_SECTION_BYTES = 4_096;

    private static final int HEAD_BYTES = 3;
    private static final int STUFFING = 0xFF;

    private final Consumer<Bytes> sections;
    private final ByteWriter gathered = new ByteWriter(TsPacket.BYTES);
    private boolean started;

    /// @param sections gets each whole section; those with a CRC_32 only if it is right
    SectionAssembler(Consumer<Bytes> sections) {
        this.sections = sections;
    }

    void receive(TsPacket packet) {
        Bytes payload = packet.payload();
        if (payload.isEmpty()) {
            return;
        }
        if (!packet.unitStart()) {
            if (started) {
                gathered.bytes(payload);
                takeWhole();
            }
            return;
        }
        int pointer = payload.u8(0);
        int at = Math.min(1 + pointer, payload.length());
        if (started) {
            gathered.bytes(payload.slice(1, at));
            takeWhole();
        }
        gathered.clear();
        gathered.bytes(payload.slice(at));
        started = true;
        takeWhole();
    }

    /// What was lost makes no section.
    void lost() {
        started = false;
        gathered.clear();
    }

    private void takeWhole() {
        Bytes bytes = gathered.toBytes();
        int at = 0;
        while (bytes.length() - at >= HEAD_BYTES && bytes.u8(at) != STUFFING) {
            int length = HEAD_BYTES + (bytes.u16(at + 1) & 0xFFF);
            if (length > MAX_SECTION_BYTES) {
                lost();
                return;
            }
            if (bytes.length() - at < length) {
                break;
            }
            Bytes section = bytes.slice(at, at + length);
            at += length;
            boolean checked = (section.u8(1) & 0x80) != 0;
            if (!checked || Crc32Mpeg.of(section) == 0) {
                sections.accept(section);
            }
        }
        boolean ended = at < bytes.length() && bytes.u8(at) == STUFFING;
        gathered.clear();
        if (ended || at == bytes.length()) {
            started = false;
        } else {
            gathered.bytes(bytes.slice(at));
        }
    }
}
