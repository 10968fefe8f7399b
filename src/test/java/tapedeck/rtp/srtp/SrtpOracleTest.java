package tapedeck.rtp.srtp;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.security.GeneralSecurityException;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.jitsi.srtp.SrtcpCryptoContext;
import org.jitsi.srtp.SrtpContextFactory;
import org.jitsi.srtp.SrtpCryptoContext;
import org.jitsi.srtp.SrtpErrorStatus;
import org.jitsi.srtp.SrtpPolicy;
import org.jitsi.utils.ByteArrayBuffer;
import org.jitsi.utils.logging2.LoggerImpl;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import tapedeck.bytes.Bytes;

/// The same packets through jitsi-srtp, in both directions.
class SrtpOracleTest {
    private static final int SSRC = 0x8765_4321;

    @ParameterizedTest
    @EnumSource
    void theOracleOpensWhatIsSealedHere(SrtpProfile profile) throws GeneralSecurityException {
        SrtpKeys keys = SrtpTest.keys(profile, 20);
        SrtpCryptoContext oracle = oracle(keys, false).deriveContext(SSRC, 0);
        SrtpSender sender = new SrtpSender(keys);
        List<Bytes> plain = packets();
        List<Bytes> sealed = new ArrayList<>();
        for (Bytes packet : plain) {
            sealed.add(SrtpTest.protect(sender, packet));
        }
        for (int i : shuffled(plain.size())) {
            Buffer buffer = new Buffer(sealed.get(i));
            assertEquals(SrtpErrorStatus.OK, oracle.reverseTransformPacket(buffer, false));
            assertEquals(plain.get(i), buffer.bytes());
        }
    }

    @ParameterizedTest
    @EnumSource
    void whatTheOracleSealedOpensHere(SrtpProfile profile) throws GeneralSecurityException {
        SrtpKeys keys = SrtpTest.keys(profile, 21);
        SrtpCryptoContext oracle = oracle(keys, true).deriveContext(SSRC, 0);
        SrtpReceiver receiver = new SrtpReceiver(keys);
        List<Bytes> plain = packets();
        List<Bytes> sealed = new ArrayList<>();
        for (Bytes packet : plain) {
            Buffer buffer = new Buffer(packet);
            assertEquals(SrtpErrorStatus.OK, oracle.transformPacket(buffer));
            sealed.add(buffer.bytes());
        }
        for (int i : shuffled(plain.size())) {
            assertEquals(plain.get(i), SrtpTest.unprotect(receiver, sealed.get(i)));
        }
    }

    @ParameterizedTest
    @EnumSource
    void controlPacketsAgreeInBothDirections(SrtpProfile profile) throws GeneralSecurityException {
        SrtpKeys keys = SrtpTest.keys(profile, 22);
        SrtcpCryptoContext sealing = oracle(keys, true).deriveControlContext(SSRC);
        SrtcpCryptoContext opening = oracle(keys, false).deriveControlContext(SSRC);
        SrtpSender sender = new SrtpSender(keys);
        SrtpReceiver receiver = new SrtpReceiver(keys);
        for (int words = 0; words < 50; words++) {
            Bytes plain = Bytes.ofHex("81c90007 87654321" + "01020304".repeat(words));
            Buffer there = new Buffer(plain);
            assertEquals(SrtpErrorStatus.OK, sealing.transformPacket(there));
            assertEquals(plain, SrtpTest.unprotectControl(receiver, there.bytes()));
            Buffer back = new Buffer(SrtpTest.protectControl(sender, plain));
            assertEquals(SrtpErrorStatus.OK, opening.reverseTransformPacket(back));
            assertEquals(plain, back.bytes());
        }
    }

    /// More than a cycle of sequence numbers with steps, some with extension and CSRC.
    private static List<Bytes> packets() {
        List<Bytes> packets = new ArrayList<>();
        Random random = new Random(23);
        for (int i = 0; i < 5000; i++) {
            int sequence = 30_000 + i * 17 & 0xFFFF;
            Bytes plain = SrtpTest.rtp(SSRC & 0xFFFF_FFFFL, sequence, random.nextInt(200));
            packets.add(
                    i % 5 == 0 ? Bytes.ofHex("916000" + "00" + plain.slice(4).toHex() + "00".repeat(30)) : plain);
            if (i % 5 == 0) {
                byte[] extended = packets.removeLast().toByteArray();
                extended[2] = (byte) (sequence >> 8);
                extended[3] = (byte) sequence;
                // One CSRC at 12, an extension of two words at 16.
                extended[18] = 0;
                extended[19] = 2;
                packets.add(Bytes.wrap(extended));
            }
        }
        return packets;
    }

    /// Neighbours in another order, within the 64 packets that the oracle's window has.
    private static int[] shuffled(int size) {
        int[] order = new int[size];
        for (int i = 0; i < size; i++) {
            order[i] = i % 4 == 0 || i + 4 - i % 4 > size ? i : i - i % 4 + 4 - i % 4;
        }
        return order;
    }

    private static SrtpContextFactory oracle(SrtpKeys keys, boolean sender) {
        return new SrtpContextFactory(
                sender,
                keys.masterKey().toByteArray(),
                keys.masterSalt().toByteArray(),
                policy(keys.profile()),
                policy(keys.profile()),
                new LoggerImpl("oracle"));
    }

    private static SrtpPolicy policy(SrtpProfile profile) {
        return switch (profile) {
            case AEAD_AES_128_GCM, AEAD_AES_256_GCM ->
                new SrtpPolicy(
                        SrtpPolicy.AESGCM_ENCRYPTION,
                        profile.keyBytes(),
                        SrtpPolicy.NULL_AUTHENTICATION,
                        0,
                        profile.tagBytes(),
                        profile.saltBytes());
            case AES_CM_128_HMAC_SHA1_80 ->
                new SrtpPolicy(
                        SrtpPolicy.AESCM_ENCRYPTION,
                        profile.keyBytes(),
                        SrtpPolicy.HMACSHA1_AUTHENTICATION,
                        20,
                        profile.tagBytes(),
                        profile.saltBytes());
        };
    }

    private static final class Buffer implements ByteArrayBuffer {
        private byte[] buffer;
        private int length;

        private Buffer(Bytes bytes) {
            length = bytes.length();
            buffer = java.util.Arrays.copyOf(bytes.toByteArray(), length + 100);
        }

        private Bytes bytes() {
            return Bytes.wrap(java.util.Arrays.copyOf(buffer, length));
        }

        @Override
        public byte[] getBuffer() {
            return buffer;
        }

        @Override
        public int getOffset() {
            return 0;
        }

        @Override
        public int getLength() {
            return length;
        }

        @Override
        public void setLength(int length) {
            this.length = length;
        }

        @Override
        public void setOffset(int offset) {
            throw new UnsupportedOperationException();
        }

        @Override
        public boolean isInvalid() {
            return false;
        }

        @Override
        public void readRegionToBuff(int offset, int count, byte[] target) {
            System.arraycopy(buffer, offset, target, 0, count);
        }

        @Override
        public void grow(int count) {
            buffer = java.util.Arrays.copyOf(buffer, buffer.length + count);
        }

        @Override
        public void append(byte[] data, int count) {
            System.arraycopy(data, 0, buffer, length, count);
            length += count;
        }

        @Override
        public void shrink(int count) {
            length -= count;
        }
    }
}
