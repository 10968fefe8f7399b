package tapedeck.protocol.webrtc.transport;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.net.InetAddress;
import java.net.Socket;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import tapedeck.bytes.Bytes;
import tapedeck.peers.Await;
import tapedeck.protocol.webrtc.ice.IceCredentials;
import tapedeck.protocol.webrtc.ice.StunMessage;

/// Passive ICE over TCP, RFC 6544, and what comes to that port that is none.
@Timeout(120)
class TcpTest {
    private final PortHouse house = new PortHouse();

    @AfterEach
    void close() {
        house.close();
    }

    /// Whether the server closes the connection without having said anything.
    private static boolean closedWithoutAWord(Socket socket) throws IOException {
        socket.setSoTimeout((int) TimeUnit.SECONDS.toMillis(30));
        try {
            return socket.getInputStream().read() < 0;
        } catch (IOException reset) {
            return true;
        }
    }

    @Test
    void aPeerThatHasNothingButTcpConnectsAndSendsAndIsSentTo() throws Exception {
        for (InetAddress host : house.loopbacks()) {
            try (IcePeer peer = house.peer()) {
                Wire wire = Wire.tcp(host, house.port.port());
                peer.connect(wire);
                for (int i = 0; i < 1_000; i++) {
                    peer.sendMedia(wire, i);
                }
                Await.await("all packets", () -> peer.received.get() == 1_000);
                assertSame(wire, peer.whereTheServerSends());
                assertEquals(
                        "tcp " + (host.getAddress().length == 4 ? "127.0.0.1" : "[0:0:0:0:0:0:0:1]") + ":"
                                + wire.localPort(),
                        house.onLoop(peer.transport::selectedPath));
                peer.sayGoodbye();
                assertEquals("the peer closed the connection", peer.reason());
            }
        }
    }

    @Test
    void aCheckOverTcpIsAnsweredWithTheAddressThatItCameFrom() throws Exception {
        try (IcePeer peer = house.peer()) {
            Wire wire = peer.use(house.tcp());
            StunMessage answer = peer.check(wire);
            assertEquals(StunMessage.BINDING_SUCCESS, answer.type());
            assertEquals(wire.localPort(), answer.mappedAddress().getPort());
        }
    }

    @Test
    void ourCloseNotifyStillReachesThePeerBeforeTheConnectionIsClosed() throws Exception {
        try (IcePeer peer = house.peer()) {
            peer.connect(house.tcp());
            house.port.execute(() -> peer.transport.close("unpublished"));
            Await.await("connection closed", () -> house.statistics().connections() == 0);
            assertTrue(peer.alertCame(), "close_notify");
        }
    }

    @Test
    void aSessionWhoseConnectionBreaksGoesOnWithTheNextOne() throws Exception {
        try (IcePeer peer = house.peer()) {
            Wire first = house.tcp();
            peer.connect(first);
            first.close();
            Await.await("connection gone", () -> house.statistics().connections() == 0);
            assertFalse(peer.ended.isDone());
            Wire second = peer.use(house.tcp());
            peer.nominate(second);
            assertSame(second, peer.whereTheServerSends());
            peer.sendMedia(second, 1);
            Await.await("media", () -> peer.received.get() == 1);
        }
    }

    @Test
    void whoDoesNotBeginWithACheckOfASessionIsClosedWithoutAnAnswer() throws Exception {
        try (IcePeer peer = house.peer()) {
            byte[] right = peer.sealed(peer.request());
            IceCredentials known = peer.remote;
            peer.remote = new IceCredentials(known.ufrag(), "wrong");
            byte[] wrongPassword = peer.sealed(peer.request());
            peer.remote = new IceCredentials("nobody", known.password());
            byte[] wrongName = peer.sealed(peer.request());
            peer.remote = known;
            byte[] junk = new byte[100];
            new Random(6544).nextBytes(junk);
            byte[] hello = "GET / HTTP/1.1\r\n\r\n".getBytes(java.nio.charset.StandardCharsets.US_ASCII);
            byte[] media = {(byte) 0x80, 96, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0};
            for (byte[] first : List.of(wrongPassword, wrongName, junk, media)) {
                try (Socket socket = new Socket(PortHouse.LOOPBACK, house.port.port())) {
                    socket.getOutputStream().write(first.length >> 8);
                    socket.getOutputStream().write(first.length);
                    socket.getOutputStream().write(first);
                    assertTrue(closedWithoutAWord(socket));
                }
            }
            try (Socket socket = new Socket(PortHouse.LOOPBACK, house.port.port())) {
                socket.getOutputStream().write(hello);
                assertTrue(closedWithoutAWord(socket), "another protocol");
            }
            try (Socket socket = new Socket(PortHouse.LOOPBACK, house.port.port())) {
                socket.getOutputStream().write(0);
                assertTrue(closedWithoutAWord(socket), "nothing more");
            }
            assertEquals(0, house.statistics().connections());
            Wire wire = peer.use(house.tcp());
            wire.send(right);
            assertTrue(peer.answer(wire, 30_000) != null, "the right one is still answered");
        }
    }

    @Test
    void whoHasProvedNothingHasFewConnectionsAndThatHurtsNobodyElse() throws Exception {
        List<Socket> idle = new ArrayList<>();
        try (IcePeer peer = house.peer();
                IcePeer late = house.peer()) {
            peer.connect(house.tcp());
            for (int i = 0; i < TcpListener.MAX_UNPROVEN_PER_ADDRESS; i++) {
                idle.add(new Socket(PortHouse.LOOPBACK, house.port.port()));
            }
            Await.await(
                    "all are there",
                    () -> house.statistics().connections() == TcpListener.MAX_UNPROVEN_PER_ADDRESS + 1);
            try (Socket refused = new Socket(PortHouse.LOOPBACK, house.port.port())) {
                assertTrue(closedWithoutAWord(refused));
            }
            assertEquals(1, house.statistics().refused());
            // Another address, and UDP.
            late.connect(Wire.tcp(InetAddress.ofLiteral("::1"), house.port.port()));
            Wire udp = late.use(house.udp());
            late.nominate(udp);
            assertFalse(peer.ended.isDone());
            idle.getFirst().close();
            Await.await(
                    "room again", () -> house.statistics().connections() == TcpListener.MAX_UNPROVEN_PER_ADDRESS + 1);
            peer.nominate(peer.use(house.tcp()));
        } finally {
            for (Socket socket : idle) {
                socket.close();
            }
        }
    }

    @Test
    void manySessionsBehindOneAddressAreNoFlood() throws Exception {
        List<IcePeer> peers = new ArrayList<>();
        try {
            for (int i = 0; i < TcpListener.MAX_UNPROVEN_PER_ADDRESS + 50; i++) {
                IcePeer peer = house.peer();
                peers.add(peer);
                peer.nominate(peer.use(house.tcp()));
            }
            assertEquals(peers.size(), house.statistics().connections());
            assertEquals(0, house.statistics().refused());
        } finally {
            peers.forEach(IcePeer::close);
        }
    }

    @Test
    void aPeerThatDoesNotReadLosesDatagramsAndCostsNoMemory() throws Exception {
        byte[] packet = new byte[1_200];
        packet[0] = (byte) 0x80;
        int packets = 20_000;
        try (IcePeer peer = house.peer();
                Socket socket = new Socket(PortHouse.LOOPBACK, house.port.port())) {
            byte[] check = peer.sealed(peer.request().attribute(StunMessage.USE_CANDIDATE, Bytes.EMPTY));
            socket.getOutputStream().write(0);
            socket.getOutputStream().write(check.length);
            socket.getOutputStream().write(check);
            Await.await("path", () -> house.onLoop(peer.transport::selected) != null);
            house.onLoop(() -> {
                for (int i = 0; i < packets; i++) {
                    peer.transport.send(packet, 0, packet.length);
                    if (i % 10 == 0) {
                        house.port.flush();
                    }
                }
                house.port.flush();
                return true;
            });
            long dropped = house.statistics().unwritten();
            // What the kernel holds of both sides, and what we hold.
            long kept = (packets - dropped) * packet.length;
            assertTrue(dropped > 0 && kept < 8 << 20, "dropped " + dropped + ", kept " + kept + " bytes");
            // Frames stay whole: all that comes can be read, and then the peer is sent to again.
            var in = new java.io.DataInputStream(socket.getInputStream());
            socket.setSoTimeout(30_000);
            for (long i = 0; i < packets - dropped + 1; i++) {
                in.readFully(new byte[in.readUnsignedShort()]);
            }
            byte[] last = {(byte) 0x81, 1, 2, 3};
            house.port.execute(() -> {
                peer.transport.send(last, 0, last.length);
                house.port.flush();
            });
            assertEquals(last.length, in.readUnsignedShort());
        }
    }
}
