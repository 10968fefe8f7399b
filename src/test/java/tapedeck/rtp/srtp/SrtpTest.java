package tapedeck.rtp.srtp;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import tapedeck.bytes.Bytes;
import tapedeck.peers.Fuzz;
import tapedeck.rtp.RtpPacket;

class SrtpTest {
    private static final SrtpKeys RFC_3711_B3 = new SrtpKeys(
            SrtpProfile.AES_CM_128_HMAC_SHA1_80,
            Bytes.ofHex("E1F97A0D3E018BE0D64FA32C06DE4139"),
            Bytes.ofHex("0EC675AD498AFEEBB6960B3AABE6"));

    private static final String RFC_7714_RTP = "8040f17b 8041f8d3 5501a0b2 47616c6c 69612065 7374206f 6d6e6973 20646976"
            + "69736120 696e2070 61727465 73207472 6573";
    private static final String RFC_7714_RTCP = "81c8000d 4d617273 4e545031 4e545032 52545020 0000042a 0000e930"
            + "4c756e61 deadbeef deadbeef deadbeef deadbeef deadbeef";

    static SrtpKeys keys(SrtpProfile profile, long seed) {
        Random random = new Random(seed);
        byte[] key = new byte[profile.keyBytes()];
        byte[] salt = new byte[profile.saltBytes()];
        random.nextBytes(key);
        random.nextBytes(salt);
        return new SrtpKeys(profile, Bytes.wrap(key), Bytes.wrap(salt));
    }

    static Bytes rtp(long ssrc, int sequence, int size) {
        byte[] payload = new byte[size];
        new Random(ssrc * 65_536 + sequence).nextBytes(payload);
        return RtpPacket.of(96, false, sequence, sequence * 100L, ssrc, List.of(), Bytes.wrap(payload))
                .bytes();
    }

    static Bytes protect(SrtpSender sender, Bytes plain) {
        byte[] out = new byte[plain.length() + SrtpSender.MAX_OVERHEAD_BYTES];
        int length = sender.protectRtp(plain.toByteArray(), 0, plain.length(), out, 0);
        return Bytes.wrap(out, 0, length);
    }

    static Bytes protectControl(SrtpSender sender, Bytes plain) {
        byte[] out = new byte[plain.length() + SrtpSender.MAX_OVERHEAD_BYTES];
        int length = sender.protectRtcp(plain.toByteArray(), 0, plain.length(), out, 0);
        return Bytes.wrap(out, 0, length);
    }

    static Bytes unprotect(SrtpReceiver receiver, Bytes packet) {
        return receiver.unprotectRtp(packet.toByteArray(), 0, packet.length());
    }

    static Bytes unprotectControl(SrtpReceiver receiver, Bytes packet) {
        return receiver.unprotectRtcp(packet.toByteArray(), 0, packet.length());
    }

    private static SessionKeys gcm(int keyBytes) {
        byte[] key = new byte[keyBytes];
        for (int i = 0; i < keyBytes; i++) {
            key[i] = (byte) i;
        }
        return new SessionKeys(
                keyBytes == 16 ? SrtpProfile.AEAD_AES_128_GCM : SrtpProfile.AEAD_AES_256_GCM,
                Bytes.wrap(key),
                Bytes.EMPTY,
                Bytes.ofHex("517569642070726f2071756f"));
    }

    @Test
    void sessionKeysAreThoseOfTheRfc() {
        // RFC 3711 B.3.
        SessionKeys session = SessionKeys.ofRtp(RFC_3711_B3);
        assertEquals("c61e7a93744f39ee10734afe3ff7a087", session.encryption().toHex());
        assertEquals("30cbbc08863d8c85d49db34a9ae1", session.salt().toHex());
        assertEquals(
                "cebe321f6ff7716b6fd4ab49af256a156d38baa4",
                session.authentication().toHex());
    }

    @Test
    void counterModePacketsAreThoseThatEverybodyTestsWith() {
        Bytes plain = Bytes.ofHex("800f1234 decafbad cafebabe" + "abababab".repeat(4));
        Bytes sealed = protect(new SrtpSender(RFC_3711_B3), plain);
        assertEquals(
                Bytes.ofHex("800f1234 decafbad cafebabe 4e55dc4c e79978d8 8ca4d215 949d2402 b78d6acc 99ea179b 8dbb"),
                sealed);
        assertEquals(plain, unprotect(new SrtpReceiver(RFC_3711_B3), sealed));
    }

    @Test
    void galoisCounterModePacketsAreThoseOfTheRfc() {
        // RFC 7714 16.1.1 and 16.2.1.
        Bytes plain = Bytes.ofHex(RFC_7714_RTP);
        Bytes sealed128 = Bytes.ofHex("8040f17b 8041f8d3 5501a0b2 f24de3a3 fb34de6c acba861c 9d7e4bca be633bd5 0d294e6f"
                + "42a5f47a 51c7d19b 36de3adf 8833899d 7f27beb1 6a9152cf 765ee439 0cce");
        Bytes sealed256 = Bytes.ofHex("8040f17b 8041f8d3 5501a0b2 32b1de78 a822fe12 ef9f78fa 332e33aa b1801238 9a58e2f3"
                + "b50b2a02 76ffae0f 1ba63799 b87b7aa3 db36dfff d6b0f9bb 7878d7a7 6c13");
        assertEquals(sealed128, protect(new SrtpSender(gcm(16), gcm(16)), plain));
        assertEquals(sealed256, protect(new SrtpSender(gcm(32), gcm(32)), plain));
        assertEquals(plain, unprotect(new SrtpReceiver(gcm(16), gcm(16)), sealed128));
        assertEquals(plain, unprotect(new SrtpReceiver(gcm(32), gcm(32)), sealed256));
    }

    @Test
    void galoisCounterModeControlPacketsAreThoseOfTheRfc() {
        // RFC 7714 17.1: index 0x5d4.
        Bytes sealed = Bytes.ofHex("81c8000d 4d617273 63e94885 dcdab67c a727d766 2f6b7e99 7ff5c0f7 6c06f32d c676a5f1"
                + "730d6fda 4ce09b46 86303ded 0bb9275b c84aa458 96cf4d2f c5abf872 45d9eade 800005d4");
        assertEquals(Bytes.ofHex(RFC_7714_RTCP), unprotectControl(new SrtpReceiver(gcm(16), gcm(16)), sealed));
    }

    @Test
    void controlPacketsMayBeAuthenticatedOnly() {
        // RFC 7714 17.3.
        Bytes sealed = Bytes.ofHex(RFC_7714_RTCP + "841dd968 3dd78ec9 2ae58790 125f62b3 000005d4");
        assertEquals(Bytes.ofHex(RFC_7714_RTCP), unprotectControl(new SrtpReceiver(gcm(16), gcm(16)), sealed));
    }

    @ParameterizedTest
    @EnumSource
    void whatWasSealedOpensOnceAndOnlyUnchanged(SrtpProfile profile) {
        SrtpKeys keys = keys(profile, 1);
        SrtpSender sender = new SrtpSender(keys);
        SrtpReceiver receiver = new SrtpReceiver(keys);
        for (int size = 0; size < 40; size++) {
            Bytes plain = rtp(7, size, size);
            Bytes sealed = protect(sender, plain);
            for (int bit = 0; bit < sealed.length() * 8; bit += 5) {
                byte[] wrong = sealed.toByteArray();
                wrong[bit / 8] ^= (byte) (1 << bit % 8);
                assertNull(receiver.unprotectRtp(wrong, 0, wrong.length), "bit " + bit);
            }
            assertEquals(plain, unprotect(receiver, sealed));
            assertNull(unprotect(receiver, sealed));
        }
        assertTrue(receiver.refused(SrtpReceiver.Refusal.REPLAYED) >= 40);
        assertTrue(receiver.refused(SrtpReceiver.Refusal.NOT_AUTHENTIC) > 1000);
    }

    @ParameterizedTest
    @EnumSource
    void controlPacketsOpenOnceAndOnlyUnchanged(SrtpProfile profile) {
        SrtpKeys keys = keys(profile, 2);
        SrtpSender sender = new SrtpSender(keys);
        SrtpReceiver receiver = new SrtpReceiver(keys);
        for (int words = 0; words < 10; words++) {
            Bytes plain = Bytes.ofHex("81c90007 00000005" + "01020304".repeat(words));
            Bytes sealed = protectControl(sender, plain);
            for (int bit = 0; bit < sealed.length() * 8; bit += 3) {
                byte[] wrong = sealed.toByteArray();
                wrong[bit / 8] ^= (byte) (1 << bit % 8);
                assertNull(receiver.unprotectRtcp(wrong, 0, wrong.length), "bit " + bit);
            }
            assertEquals(plain, unprotectControl(receiver, sealed));
            assertNull(unprotectControl(receiver, sealed));
        }
    }

    @ParameterizedTest
    @EnumSource
    void sequenceNumbersWrapThroughReorderingAndReplay(SrtpProfile profile) {
        SrtpKeys keys = keys(profile, 3);
        SrtpSender sender = new SrtpSender(keys);
        SrtpReceiver receiver = new SrtpReceiver(keys);
        Random random = new Random(4);
        List<Bytes> plain = new ArrayList<>();
        List<Bytes> sealed = new ArrayList<>();
        // Three cycles, with only every 97th packet sent.
        for (int i = 0; i < 2000; i++) {
            plain.add(rtp(9, i * 97 & 0xFFFF, 20));
            sealed.add(protect(sender, plain.getLast()));
        }
        for (int i = 0; i < 2000; i += 8) {
            List<Integer> order = new ArrayList<>();
            for (int j = i; j < i + 8; j++) {
                order.add(j);
                order.add(j);
            }
            Collections.shuffle(order, random);
            for (int j : order) {
                Bytes opened = unprotect(receiver, sealed.get(j));
                if (opened != null) {
                    assertEquals(plain.set(j, null), opened);
                }
            }
        }
        assertTrue(plain.stream().allMatch(java.util.Objects::isNull));
        assertEquals(2000, receiver.refused(SrtpReceiver.Refusal.REPLAYED));
    }

    @Test
    void thePacketBeforeTheWindowIsTooOld() {
        SrtpKeys keys = keys(SrtpProfile.AEAD_AES_128_GCM, 5);
        SrtpSender sender = new SrtpSender(keys);
        List<Bytes> sealed = new ArrayList<>();
        for (int i = 0; i <= ReplayWindow.BITS; i++) {
            sealed.add(protect(sender, rtp(1, i, 10)));
        }
        SrtpReceiver receiver = new SrtpReceiver(keys);
        assertNotNull(unprotect(receiver, sealed.getLast()));
        assertNull(unprotect(receiver, sealed.getFirst()));
        assertNotNull(unprotect(receiver, sealed.get(1)));
        assertNull(unprotect(receiver, sealed.get(1)));
    }

    @Test
    void sourcesAreLimitedAndStrangersTakeNoPlace() {
        SrtpKeys keys = keys(SrtpProfile.AEAD_AES_128_GCM, 6);
        SrtpSender sender = new SrtpSender(keys);
        SrtpSender stranger = new SrtpSender(keys(SrtpProfile.AEAD_AES_128_GCM, 7));
        SrtpReceiver receiver = new SrtpReceiver(keys);
        for (int i = 0; i < 1000; i++) {
            assertNull(unprotect(receiver, protect(stranger, rtp(1_000_000 + i, 1, 10))));
        }
        for (int i = 0; i < SrtpReceiver.MAX_SOURCES; i++) {
            assertNotNull(unprotect(receiver, protect(sender, rtp(i, 1, 10))));
        }
        assertNull(unprotect(receiver, protect(sender, rtp(5000, 1, 10))));
        assertEquals(1, receiver.refused(SrtpReceiver.Refusal.TOO_MANY_SOURCES));
        assertNotNull(unprotect(receiver, protect(sender, rtp(3, 2, 10))));
    }

    @Test
    void aNonceIsNeverUsedTwice() {
        SrtpSender sender = new SrtpSender(keys(SrtpProfile.AEAD_AES_128_GCM, 8));
        protect(sender, rtp(1, 10, 10));
        assertThrows(IllegalStateException.class, () -> protect(sender, rtp(1, 10, 10)));
        assertThrows(IllegalStateException.class, () -> protect(sender, rtp(1, 9, 10)));
    }

    @Test
    void partsOfArraysAreReadAndWrittenInPlace() {
        for (SrtpProfile profile : SrtpProfile.values()) {
            SrtpKeys keys = keys(profile, 9);
            Bytes plain = rtp(1, 1, 50);
            byte[] in = new byte[200];
            byte[] out = new byte[200];
            plain.copyTo(0, in, 33, plain.length());
            int length = new SrtpSender(keys).protectRtp(in, 33, plain.length(), out, 44);
            assertEquals(plain, new SrtpReceiver(keys).unprotectRtp(out, 44, length));
        }
    }

    @Test
    void theExporterIsCutAsTheRfcSays() {
        byte[] exported = new byte[SrtpProfile.AEAD_AES_128_GCM.exportBytes()];
        for (int i = 0; i < exported.length; i++) {
            exported[i] = (byte) i;
        }
        SrtpKeys client = SrtpKeys.ofExport(SrtpProfile.AEAD_AES_128_GCM, exported, SrtpKeys.Writer.CLIENT);
        SrtpKeys server = SrtpKeys.ofExport(SrtpProfile.AEAD_AES_128_GCM, exported, SrtpKeys.Writer.SERVER);
        assertEquals(0, client.masterKey().u8(0));
        assertEquals(16, server.masterKey().u8(0));
        assertEquals(32, client.masterSalt().u8(0));
        assertEquals(44, server.masterSalt().u8(0));
        assertFalse(client.toString().contains("0001"));
    }

    @Test
    void rubbishIsRefusedWithoutAnException() {
        List<SrtpReceiver> receivers = new ArrayList<>();
        List<Bytes> samples = new ArrayList<>();
        for (SrtpProfile profile : SrtpProfile.values()) {
            SrtpKeys keys = keys(profile, 10);
            SrtpSender sender = new SrtpSender(keys);
            receivers.add(new SrtpReceiver(keys));
            samples.add(protect(sender, rtp(1, 1, 100)));
            samples.add(protect(sender, Bytes.ofHex("91600002 00000000 00000001 00000002 bede0001 10aa0000 c0ffee")));
            samples.add(protectControl(sender, Bytes.ofHex("81c90001 00000005")));
        }
        Fuzz.parser(samples, List.of(), bytes -> {
            byte[] array = bytes.toByteArray();
            for (SrtpReceiver receiver : receivers) {
                receiver.unprotectRtp(array, 0, array.length);
                receiver.unprotectRtcp(array, 0, array.length);
            }
        });
        for (SrtpReceiver receiver : receivers) {
            assertTrue(receiver.refused(SrtpReceiver.Refusal.NOT_AUTHENTIC) > 100);
            assertTrue(receiver.refused(SrtpReceiver.Refusal.MALFORMED) > 10);
        }
    }
}
