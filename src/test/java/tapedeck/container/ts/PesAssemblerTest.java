package tapedeck.container.ts;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Test;
import tapedeck.bytes.ByteWriter;
import tapedeck.bytes.Bytes;

/// What is kept for the next PES packet. What becomes of them is `TsDemuxerTest`'s.
class PesAssemblerTest {
    @Test
    void theRoomForAHugePacketIsGivenBack() {
        PesAssembler assembler = new PesAssembler(PesAssembler.MAX_PES_BYTES);
        for (int size : new int[] {PesAssembler.KEPT_BYTES / 4, 3 * PesAssembler.KEPT_BYTES}) {
            Bytes head = PesHeader.write(0xE0, 0, 0, 1 << 20);
            for (int at = 0, counter = 0; at < size; at += 184, counter = counter + 1 & 0xF) {
                ByteWriter packet = new ByteWriter();
                packet.u8(TsPacket.SYNC).u16((at == 0 ? 0x4000 : 0) | 0x100).u8(0x10 | counter);
                packet.bytes(at == 0 ? head : Bytes.EMPTY);
                packet.zeros(TsPacket.BYTES - packet.length());
                assembler.receive(TsPacket.parse(packet.toBytes()), _ -> {});
            }
            assertNotNull(assembler.end());
            assembler.restart();
            assertEquals(0, assembler.damaged());
            assertTrue(assembler.roomBytes() <= PesAssembler.KEPT_BYTES, "" + assembler.roomBytes());
        }
    }
}
