using System.Net;
using Mirror.IngestNode.Streams;
using Mirror.Streams.Registry;

namespace Mirror.IngestNode.Srt;

/// <summary>One publisher's SRT connection: its socket, its packet sequence and its statistics. Used by its receive loop alone.</summary>
internal sealed unsafe class SrtConnection(int socket, IPEndPoint peer, TimeSpan latency, long receiveBufferBytes)
{
    private const int SequenceMask = 0x7FFF_FFFF;            // 31-bit packet sequence numbers
    private const int HalfOfSequences = 0x4000_0000;
    private SrtStatistics _statistics;

    public int Socket { get; } = socket;

    public IPEndPoint Peer { get; } = peer;

    /// <summary>The latency window that both sides agreed on: libsrt holds every packet so long after its arrival.</summary>
    public TimeSpan Latency { get; } = latency;

    public required LiveStream Stream { get; init; }

    /// <summary>Sequence number of the last packet read; −1 before the first.</summary>
    public int LastSequence { get; set; } = -1;

    /// <summary>Whether no packet is missing between the last one read and <paramref name="sequence"/>.</summary>
    public bool FollowsOn(int sequence) => LastSequence < 0 || sequence < 0 || sequence == ((LastSequence + 1) & SequenceMask);

    /// <summary>Packets given up before <paramref name="sequence"/>.</summary>
    public int MissingBefore(int sequence)
    {
        int missing = (sequence - LastSequence - 1) & SequenceMask;
        return missing < HalfOfSequences ? missing : 0;
    }

    /// <summary>Asks libsrt for the connection's counters; once it is closed, the last ones known.</summary>
    public ConnectionStats ReadStatistics()
    {
        SrtStatistics statistics = default;
        if (LibSrt.srt_bistats(Socket, &statistics, 0, 1) != LibSrt.Error) { _statistics = statistics; }
        return new ConnectionStats
        {
            PacketsLost = _statistics.PacketsDropped,
            PacketsRetransmitted = _statistics.PacketsRetransmitted,
            RttMilliseconds = _statistics.RttMilliseconds,
            BandwidthMbps = _statistics.BandwidthMbps,
            DeliveryDelayMilliseconds = _statistics.ReceiverDelayMilliseconds,
            ConnectionTimeMilliseconds = _statistics.MillisecondsConnected,
            ReceiveBufferBytes = receiveBufferBytes,
        };
    }
}
