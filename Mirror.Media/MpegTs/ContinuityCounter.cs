using System.Buffers.Binary;

namespace Mirror.Media.MpegTs;

/// <summary>What a packet's continuity counter says of the packets before it.</summary>
public enum Continuity
{
    /// <summary>Nothing is missing.</summary>
    InOrder,

    /// <summary>The packet was sent twice, which a multiplexer may do once: ignore it.</summary>
    Duplicate,

    /// <summary>Packets are missing before this one.</summary>
    Gap,

    /// <summary>The counter starts anew here, and the packet says so: not an error, but what was being collected is incomplete.</summary>
    Restart,
}

/// <summary>Follows the continuity counter of one PID (ITU-T H.222.0 §2.4.3.3).</summary>
public struct ContinuityCounter
{
    private const int Unknown = -1;
    private int _last;
    private ulong _fingerprint;
    private bool _isKnown;
    private bool _wasRepeated;

    /// <summary>Forgets the last packet: the next one is in order whatever its counter.</summary>
    public void Reset() => _isKnown = false;

    /// <summary>Judges <paramref name="packet"/>, which carries payload: packets without do not count.</summary>
    public Continuity Check(in TransportPacket packet)
    {
        int last = _isKnown ? _last : Unknown;
        ulong fingerprint = Fingerprint(packet.Payload);
        bool isRepeated = packet.ContinuityCounter == last && fingerprint == _fingerprint && !_wasRepeated && !packet.Discontinuity;
        _last = packet.ContinuityCounter;
        _fingerprint = fingerprint;
        _isKnown = true;
        _wasRepeated = isRepeated;
        if (isRepeated) { return Continuity.Duplicate; }
        if (last == Unknown || packet.ContinuityCounter == ((last + 1) & 0x0F)) { return Continuity.InOrder; }
        return packet.Discontinuity ? Continuity.Restart : Continuity.Gap;
    }

    /// <summary>Tells a repeated packet from a loss of fifteen; the first and last bytes differ between any two packets of real media.</summary>
    private static ulong Fingerprint(ReadOnlySpan<byte> payload)
    {
        if (payload.Length < 8) { return payload.IsEmpty ? 0UL : payload[0]; }
        ulong first = BinaryPrimitives.ReadUInt64LittleEndian(payload);
        return (first * 0x9E37_79B9_7F4A_7C15) ^ BinaryPrimitives.ReadUInt64LittleEndian(payload[^8..]) ^ (ulong)payload.Length;
    }
}
