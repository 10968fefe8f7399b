package tapedeck.protocol.webrtc.ice;

/// How candidates and pairs are ranked, RFC 8445 5.1.2 and 6.1.2.3, RFC 6544 4.2.
public final class Priority {
    /// RFC 8445 5.1.2.2.
    private static final long HOST_PREFERENCE = 126;
    /// RFC 8445 5.1.2.2: of an address that is learnt from a check.
    private static final long PEER_REFLEXIVE_PREFERENCE = 110;
    /// RFC 6544 4.2 wants TCP below UDP, and server reflexive UDP (100) gets through where host UDP does.
    private static final long TCP_HOST_PREFERENCE = 90;
    /// RFC 6544 4.2: of a passive host candidate, 3 bits above the others.
    private static final int PASSIVE_PREFERENCE = 4;

    private static final int MAX_LOCAL_PREFERENCE = 65_535;
    private static final int MAX_OTHER_PREFERENCE = (1 << 13) - 1;
    private static final int COMPONENT = 1;

    private Priority() {}

    /// @param rank 0 for the address that we like best
    public static long udpHost(int rank) {
        return of(HOST_PREFERENCE, Math.max(0, MAX_LOCAL_PREFERENCE - rank));
    }

    /// @param rank 0 for the address that we like best
    public static long tcpHost(int rank) {
        return of(TCP_HOST_PREFERENCE, (PASSIVE_PREFERENCE << 13) + Math.max(0, MAX_OTHER_PREFERENCE - rank));
    }

    /// What a check of ours says, RFC 8445 7.1.1.
    public static long udpPeerReflexive() {
        return of(PEER_REFLEXIVE_PREFERENCE, MAX_LOCAL_PREFERENCE);
    }

    /// RFC 8445 5.1.2.1.
    private static long of(long typePreference, long localPreference) {
        return (typePreference << 24) + (localPreference << 8) + (256 - COMPONENT);
    }

    /// RFC 8445 6.1.2.3. Read as unsigned it may have 64 bits, but candidates have 31 each.
    ///
    /// @param controlling of the peer's candidate: we are lite
    /// @param controlled of ours
    public static long ofPair(long controlling, long controlled) {
        long smaller = Math.min(controlling, controlled);
        long larger = Math.max(controlling, controlled);
        return (smaller << 32) + 2 * larger + (controlling > controlled ? 1 : 0);
    }
}
