package tapedeck.relay;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import org.junit.jupiter.api.Test;

class RelayAddressTest {
    private record Case(String typed, String uri, String user, String password, String shown) {}

    private static final List<Case> CASES = List.of(
            new Case("rtmp://host/live/a", "rtmp://host/live/a", "", "", "rtmp://host/live/a"),
            new Case("RTSP://Cam:8554/1", "rtsp://Cam:8554/1", "", "", "rtsp://Cam:8554/1"),
            new Case(
                    "rtsp://user:b@d_password@127.0.0.1/stream",
                    "rtsp://127.0.0.1/stream",
                    "user",
                    "b@d_password",
                    "rtsp://user@127.0.0.1/stream"),
            new Case("rtsp://admin:pa%2Fss+%zz@h/", "rtsp://h/", "admin", "pa%2Fss+%zz", "rtsp://admin@h/"),
            new Case("rtsp://admin:pa%2Fss+@h/", "rtsp://h/", "admin", "pa/ss+", "rtsp://admin@h/"),
            new Case("rtsp://[2001:db8::7]:554/a", "rtsp://[2001:db8::7]/a", "", "", "rtsp://[2001:db8::7]/a"),
            new Case(
                    "rtsp://my_cam/h264?ch=1|2&x={1} 2#f",
                    "rtsp://my_cam/h264?ch=1%7C2&x=%7B1%7D%202", "", "", "rtsp://my_cam/h264?ch=***&x=***"),
            new Case(
                    "rtmp://h/live/a?token=abc&x=1&Password=p",
                    "rtmp://h/live/a?token=abc&x=1&Password=p",
                    "",
                    "",
                    "rtmp://h/live/a?token=***&x=***&Password=***"),
            new Case("https://h?a=%41%4", "https://h?a=%41%254", "", "", "https://h?a=***"),
            new Case("udp://239.1.2.3:9999", "udp://239.1.2.3:9999", "", "", "udp://239.1.2.3:9999"),
            new Case("file:///data/a.ts", "file:///data/a.ts", "", "", "file:///data/a.ts"));

    @Test
    void addressesAreReadAsPeopleTypeThem() throws Exception {
        for (Case one : CASES) {
            RelayAddress address = RelayAddress.parse(one.typed());
            assertEquals(one.uri(), address.uri().toString(), one.typed());
            assertEquals(one.shown(), address.shown(), one.typed());
            assertEquals(
                    one.user(), address.login().map(RelayTarget.Login::user).orElse(""), one.typed());
            assertEquals(
                    one.password(),
                    address.login().map(RelayTarget.Login::password).orElse(""),
                    one.typed());
            assertEquals(address, RelayAddress.parse("  " + one.typed() + " "));
            assertFalse(address.toString().contains("d_password"), "a record shows no password");
        }
    }

    @Test
    void keysAndValuesAreNotShown() throws Exception {
        for (List<String> one : List.of(
                List.of("rtmps://live.example:443/app/KEY", "rtmps://live.example/app/***"),
                List.of("rtmp://u:p@h/a/b/KEY/?k=KEY&f", "rtmp://u@h/a/b/***?k=***&***"),
                List.of("rtmp://h/KEY", "rtmp://h/***"),
                List.of("rtmp://h", "rtmp://h"),
                List.of("rtsp://h/live/a?X-Amz-Signature=KEY", "rtsp://h/live/a?X-Amz-Signature=***"),
                List.of("https://h/a.ts?KEY", "https://h/a.ts?***"))) {
            RelayAddress address = RelayAddress.parse(one.getFirst());
            assertEquals(one.getLast(), address.shownTarget());
            assertEquals(one.getLast(), address.toString());
            assertTrue(address.isMeantBy(one.getFirst(), true) && address.isMeantBy(one.getLast(), true));
            assertFalse(address.isMeantBy(one.getFirst() + "2", true));
        }
        RelayAddress key = RelayAddress.parse("rtmp://h/app/s%20ecret?sig=abcdef&n=1");
        String said = "\"s ecret\" (s%20ecret?sig=abcdef) is no app, 1";
        assertEquals("\"***\" (***?sig=***) is no app, 1", key.hiddenIn(said, true));
        assertEquals("\"s ecret\" (s%20ecret?sig=***) is no app, 1", key.hiddenIn(said, false));
    }

    @Test
    void whatIsNoAddressIsRefused() {
        for (String typed : List.of(
                "",
                "host/live",
                "rtmp:/h/a",
                "rtmp:///a",
                "rtmp://",
                "rtmp://h:99999/a",
                "rtmp://h:-1/a",
                "rtmp://h/a\r\nX: y",
                "rtmp://h\u0000/a",
                "rtmp://user:pa/ss@host/a",
                "rtmp://h\\evil/a",
                "rtmp://h/" + "a".repeat(RelayAddress.MAX_LENGTH))) {
            RelayRefusedException refused =
                    assertThrows(RelayRefusedException.class, () -> RelayAddress.parse(typed), typed);
            assertEquals(RelayRefusedException.Reason.ADDRESS, refused.reason());
            assertFalse(refused.getMessage().contains("pa/ss"), "no password in a message");
        }
    }

    @Test
    void aRelativeAddressIsResolved() throws Exception {
        RelayAddress base = RelayAddress.parse("http://u:p@h:81/a/b?c");
        assertEquals("http://h:81/a/x.ts?y=%7C", base.resolved("x.ts?y=|").uri().toString());
        assertEquals("http://h:81/x", base.resolved("/x").uri().toString());
        assertEquals("https://other/x", base.resolved("https://other/x").uri().toString());
        assertEquals("http://other/x", base.resolved("//other/x").uri().toString());
        assertTrue(base.resolved("x").login().isEmpty());
        assertTrue(base.resolved("https://other/x").speaksAs(base));
        assertFalse(base.resolved("file:///etc/passwd").speaksAs(base));
        assertFalse(base.resolved("rtsp://h/x").speaksAs(base));
    }
}
