package tapedeck.protocol.rtmp;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import java.security.SecureRandom;
import java.util.Arrays;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import tapedeck.bytes.MalformedException;

class RtmpHandshakeTest {
    private static final int SIZE = RtmpHandshake.SIZE;

    private final RtmpHandshake handshake = new RtmpHandshake(new SecureRandom());

    private static byte[] c0c1(int... version) {
        byte[] bytes = new byte[1 + SIZE];
        new Random(1).nextBytes(bytes);
        bytes[0] = 3;
        Arrays.fill(bytes, 1, 9, (byte) 0);
        for (int i = 0; i < version.length; i++) {
            bytes[5 + i] = (byte) version[i];
        }
        return bytes;
    }

    private byte[] answer(byte[] c0c1) {
        byte[] answer = handshake.receive(Unpooled.wrappedBuffer(c0c1));
        assertNotNull(answer);
        assertEquals(1 + 2 * SIZE, answer.length);
        assertEquals(3, answer[0]);
        return answer;
    }

    @Test
    void aSimpleClientGetsItsOwnBytesBack() {
        byte[] c0c1 = c0c1();
        byte[] answer = answer(c0c1);
        assertArrayEquals(
                Arrays.copyOfRange(c0c1, 1, c0c1.length), Arrays.copyOfRange(answer, 1 + SIZE, answer.length));
        assertArrayEquals(new byte[8], Arrays.copyOfRange(answer, 1, 9));
    }

    @Test
    void aVersionWithoutADigestIsSimpleToo() {
        byte[] c0c1 = c0c1(128, 0, 7, 2);
        byte[] answer = answer(c0c1);
        assertArrayEquals(
                Arrays.copyOfRange(c0c1, 1, c0c1.length), Arrays.copyOfRange(answer, 1 + SIZE, answer.length));
    }

    @ParameterizedTest
    @ValueSource(ints = {8, 772})
    void aClientWithADigestGetsDigestsOfTheSameScheme(int scheme) {
        byte[] c0c1 = c0c1(9, 0, 124, 2);
        byte[] c1 = Arrays.copyOfRange(c0c1, 1, c0c1.length);
        int at = RtmpHandshake.digestOffset(c1, scheme);
        byte[] digest = RtmpHandshake.digest(RtmpHandshake.clientKey(), c1, at);
        System.arraycopy(digest, 0, c0c1, 1 + at, 32);

        byte[] answer = answer(c0c1);
        byte[] s1 = Arrays.copyOfRange(answer, 1, 1 + SIZE);
        assertEquals(scheme, RtmpHandshake.schemeOf(s1, RtmpHandshake.serverKey()));
        byte[] s2 = Arrays.copyOfRange(answer, 1 + SIZE, answer.length);
        byte[] key = RtmpHandshake.hmac(RtmpHandshake.longServerKey(), digest, 0, 32);
        assertArrayEquals(RtmpHandshake.hmac(key, s2, 0, SIZE - 32), Arrays.copyOfRange(s2, SIZE - 32, SIZE));
    }

    @Test
    void tornAtEveryByteItIsTheSame() {
        byte[] c0c1 = c0c1();
        for (int i = 0; i < c0c1.length; i++) {
            byte[] answer = handshake.receive(Unpooled.wrappedBuffer(c0c1, i, 1));
            assertEquals(i == c0c1.length - 1, answer != null);
            assertFalse(handshake.receiveLast(Unpooled.EMPTY_BUFFER));
        }
        for (int i = 0; i < SIZE; i++) {
            ByteBuf part = Unpooled.wrappedBuffer(c0c1, 1 + i, 1);
            assertNull(handshake.receive(part));
            assertEquals(i == SIZE - 1, handshake.receiveLast(part));
        }
    }

    @Test
    void whatFollowsIsLeftForTheChunks() {
        byte[] all = Arrays.copyOf(c0c1(), 1 + 2 * SIZE + 5);
        ByteBuf bytes = Unpooled.wrappedBuffer(all);
        assertNotNull(handshake.receive(bytes));
        assertTrue(handshake.receiveLast(bytes));
        assertEquals(5, bytes.readableBytes());
    }

    @ParameterizedTest
    @ValueSource(ints = {0, 1, 2, 4, 'G', 'O', 'P', 0x16, 0x80, 0xFF})
    void theFirstByteOfAnotherProtocolIsEnough(int first) {
        String reason = assertThrows(
                        MalformedException.class,
                        () -> handshake.receive(Unpooled.wrappedBuffer(new byte[] {(byte) first})))
                .getMessage();
        assertEquals("no RTMP: first byte 0x%02x".formatted(first), reason);
    }

    @Test
    void encryptedRtmpIsRefusedByName() {
        String reason = assertThrows(
                        MalformedException.class, () -> handshake.receive(Unpooled.wrappedBuffer(new byte[] {6})))
                .getMessage();
        assertEquals("RTMPE is not supported", reason);
    }
}
