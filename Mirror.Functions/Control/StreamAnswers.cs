using System.Text.Json.Serialization;
using Mirror.Media.Frames;
using Mirror.Streams.Registry;
using Mirror.Streams.Transcoding;

namespace Mirror.Functions.Control;

/// <summary>One stream, as the API tells it.</summary>
/// <param name="Id">The stream's name.</param>
/// <param name="Type">How it arrives: srt or rtp.</param>
/// <param name="SourceAddr">The publisher's address and port.</param>
/// <param name="Status">connecting, active, paused, degraded, error or ended.</param>
/// <param name="StatusReason">Why, where the status calls for a reason.</param>
/// <param name="CreatedAt">When its first publisher was accepted (UTC).</param>
/// <param name="LastHeartbeat">When this was last refreshed (UTC).</param>
/// <param name="VideoCodec">RFC 6381 codec string of the video.</param>
/// <param name="AudioCodec">RFC 6381 codec string of the audio.</param>
/// <param name="Resolution">WIDTHxHEIGHT.</param>
/// <param name="Languages">Languages of its sounds, in their order: tags of RFC 5646, en; missing where the publisher names none.</param>
/// <param name="Captions">Caption services in the frames: CC1 to CC4, SERVICE1 to SERVICE63; missing if there are none.</param>
/// <param name="Bitrate">Bits per second received over the last second.</param>
/// <param name="FrameRate">Frames per second over the last second.</param>
/// <param name="Stats">Counters and gauges.</param>
/// <param name="Transcode">Its encoded renditions; missing where it is not transcoded.</param>
/// <param name="Nodes">Which nodes have it; missing in a single process.</param>
public sealed record StreamAnswer(string Id, string Type, string SourceAddr, string Status, string? StatusReason, DateTime CreatedAt, DateTime LastHeartbeat,
    string? VideoCodec, string? AudioCodec, string? Resolution, IReadOnlyList<string>? Languages, IReadOnlyList<string>? Captions, long Bitrate, double FrameRate, StreamStatsAnswer Stats, TranscodeAnswer? Transcode, StreamNodesAnswer? Nodes)
{
    internal static StreamAnswer Of(StreamRecord record, TranscodeState? transcode)
    {
        (StreamStatus status, string? reason) = StatusOf(record, transcode);
        return new(record.Id, record.Type, record.SourceAddress, NameOf(status), reason, record.CreatedAt, record.LastHeartbeat, record.Video?.CodecString,
            record.Audio?.CodecString, ResolutionOf(record.Video), LanguagesOf(record), CaptionsOf(record.Video), record.Bitrate, record.FrameRate, StreamStatsAnswer.Of(record),
            transcode is null ? null : TranscodeAnswer.Of(transcode), record.NodeId is { } ingest ? new StreamNodesAnswer(ingest, transcode?.NodeId) : null);
    }

    /// <summary>A stream whose source flows but whose ladder does not is degraded; any other trouble outweighs that.</summary>
    internal static (StreamStatus Status, string? Reason) StatusOf(StreamRecord record, TranscodeState? transcode)
        => record.Status == StreamStatus.Active && transcode is { IsDegraded: true } ? (StreamStatus.Degraded, transcode.Reason) : (record.Status, record.StatusReason);

    internal static string NameOf(StreamStatus status) => status.ToString().ToLowerInvariant();

    private static string[]? LanguagesOf(StreamRecord record)
    {
        string[] languages = [.. record.MoreAudio.Prepend(record.Audio).Select(static track => track?.Language).OfType<string>().Select(static language => LanguageName.Of(language).Tag).Distinct()];
        return languages.Length == 0 ? null : languages;
    }

    private static string[]? CaptionsOf(VideoTrack? video) => video?.Captions is { } captions ? [.. captions.Services.Select(static service => service.InstreamId)] : null;

    private static string? ResolutionOf(VideoTrack? video) => video is null ? null : $"{video.Width}x{video.Height}";
}

/// <summary>The nodes of a cluster that have a stream.</summary>
/// <param name="Ingest">The node that its publisher is, or was last, connected to.</param>
/// <param name="Transcode">The node that packages it; missing while there is none.</param>
public sealed record StreamNodesAnswer(string Ingest, string? Transcode);

/// <summary>Counters of one stream since it was created, over all its publishers' connections.</summary>
/// <param name="BytesReceived">Payload bytes received.</param>
/// <param name="PacketsReceived">Packets received.</param>
/// <param name="PacketsLost">Packets that never arrived, after recovery.</param>
/// <param name="Bitrate">Bits per second received over the last second.</param>
/// <param name="Reconnects">Times the publisher came back and continued the stream.</param>
/// <param name="ContinuityErrors">Transport-stream continuity errors.</param>
/// <param name="TimestampJumps">Timestamp jumps bridged with a discontinuity.</param>
/// <param name="FrameBufferStats">The GOP buffer.</param>
/// <param name="ConnectionStats">The connection in force, or the last one.</param>
public sealed record StreamStatsAnswer(long BytesReceived, long PacketsReceived, long PacketsLost, long Bitrate, int Reconnects, long ContinuityErrors,
    long TimestampJumps, FrameBufferAnswer FrameBufferStats, ConnectionAnswer ConnectionStats)
{
    internal static StreamStatsAnswer Of(StreamRecord record)
    {
        StreamStats stats = record.Stats;
        return new(stats.BytesReceived, stats.PacketsReceived, stats.PacketsLost, record.Bitrate, stats.Reconnects, stats.ContinuityErrors,
            stats.TimestampJumps, FrameBufferAnswer.Of(stats.FrameBuffer), ConnectionAnswer.Of(stats.Connection));
    }
}

/// <summary>State of a stream's GOP buffer.</summary>
/// <param name="Capacity">Most access units that it holds.</param>
/// <param name="Used">Access units that it holds.</param>
/// <param name="Available">Room that is left.</param>
/// <param name="FramesAssembled">Access units assembled since the start.</param>
/// <param name="FramesDropped">Access units dropped: damaged, or for want of room.</param>
/// <param name="QueuePressure">Fill of the stream's queues, 0 to 1.</param>
/// <param name="Keyframes">Key frames assembled.</param>
/// <param name="PFrames">Predicted frames assembled.</param>
/// <param name="BFrames">Bidirectional frames assembled.</param>
/// <param name="GopCount">GOPs closed.</param>
/// <param name="AvgGopSize">Pictures a GOP, on average.</param>
public sealed record FrameBufferAnswer(int Capacity, int Used, int Available, long FramesAssembled, long FramesDropped, double QueuePressure, long Keyframes,
    long PFrames, long BFrames, long GopCount, double AvgGopSize)
{
    internal static FrameBufferAnswer Of(FrameBufferStats stats) => new(stats.Capacity, stats.Used, stats.Capacity - stats.Used, stats.FramesAssembled,
        stats.FramesDropped, Math.Round(stats.QueuePressure, 3), stats.Keyframes, stats.PFrames, stats.BFrames, stats.GopCount, Math.Round(stats.AverageGopSize, 2));
}

/// <summary>Statistics of a publisher's connection.</summary>
/// <param name="PacketsLost">Packets not recovered in time.</param>
/// <param name="PacketsRetrans">Packets that arrived by retransmission.</param>
/// <param name="RttMs">Round-trip time in milliseconds.</param>
/// <param name="BandwidthMbps">Estimated link capacity in Mbit/s.</param>
/// <param name="DeliveryDelayMs">Latency window agreed with the publisher, in milliseconds.</param>
/// <param name="ConnectionTimeMs">Age of the connection in milliseconds.</param>
/// <param name="ReceiveBufferBytes">Receive buffer allotted, from bitrate × (RTT + latency + 2 s of stall).</param>
public sealed record ConnectionAnswer(long PacketsLost, long PacketsRetrans, double RttMs, double BandwidthMbps, double DeliveryDelayMs, double ConnectionTimeMs,
    long ReceiveBufferBytes)
{
    internal static ConnectionAnswer Of(ConnectionStats stats) => new(stats.PacketsLost, stats.PacketsRetransmitted, Math.Round(stats.RttMilliseconds, 3),
        Math.Round(stats.BandwidthMbps, 3), stats.DeliveryDelayMilliseconds, stats.ConnectionTimeMilliseconds, stats.ReceiveBufferBytes);
}

/// <summary>How a stream's encoded renditions are doing.</summary>
/// <param name="Device">cpu, gpu, or gpu+cpu (decoded and scaled on the GPU, encoded on the CPU).</param>
/// <param name="Degraded">Some renditions that suit the source are not being made, or not in time.</param>
/// <param name="Reason">Why not, in a sentence.</param>
/// <param name="Restarts">Times the worker was replaced.</param>
/// <param name="FramesDropped">Source frames left out because the machine could not keep up.</param>
/// <param name="LatencyMs">From a picture's last byte received to its encoded frame: 95th percentile over the last seconds, in milliseconds; 0 when unknown.</param>
/// <param name="Renditions">The encoded renditions, from the largest.</param>
/// <param name="Audio">The encoded sound; missing where the source's serves every rendition.</param>
public sealed record TranscodeAnswer(string? Device, bool Degraded, string? Reason, int Restarts, long FramesDropped, double LatencyMs,
    IReadOnlyList<RenditionAnswer> Renditions, AudioRenditionAnswer? Audio)
{
    internal static TranscodeAnswer Of(TranscodeState state) => new(state.Device, state.IsDegraded, state.Reason, state.Restarts, state.FramesDropped,
        Math.Round(state.LatencyMilliseconds, 1), [.. state.Renditions.Select(RenditionAnswer.Of)],
        state.Audio is null ? null : AudioRenditionAnswer.Of(state.Audio));
}

/// <summary>One encoded rendition.</summary>
/// <param name="Name">Its name, such as 360p.</param>
/// <param name="Codec">h264, h265 or av1.</param>
/// <param name="Resolution">WIDTHxHEIGHT.</param>
/// <param name="Bitrate">Aimed bits per second.</param>
/// <param name="FramesEncoded">Frames encoded since the stream began.</param>
/// <param name="Up">It is being made.</param>
public sealed record RenditionAnswer(string Name, string Codec, string Resolution, long Bitrate, long FramesEncoded, bool Up)
{
    internal static RenditionAnswer Of(RenditionState state) => new(state.Name, state.Codec, state.Resolution, state.Bitrate, state.FramesEncoded, state.IsUp);
}

/// <summary>The encoded sound, which all encoded renditions share.</summary>
/// <param name="Name">Its name, audio-aac.</param>
/// <param name="Codec">aac.</param>
/// <param name="Channels">Channels.</param>
/// <param name="SampleRate">Samples per second.</param>
/// <param name="Bitrate">Aimed bits per second.</param>
/// <param name="FramesEncoded">Frames encoded since the stream began.</param>
/// <param name="DecodeErrors">Frames of the source's sound that could not be decoded; silence stands for them.</param>
/// <param name="Up">It is being made.</param>
public sealed record AudioRenditionAnswer(string Name, string Codec, int Channels, int SampleRate, long Bitrate, long FramesEncoded, long DecodeErrors, bool Up)
{
    internal static AudioRenditionAnswer Of(AudioRenditionState state)
        => new(state.Name, state.Codec, state.Channels, state.SampleRate, state.Bitrate, state.FramesEncoded, state.DecodeErrors, state.IsUp);
}

/// <summary>A page of streams.</summary>
/// <param name="Streams">The streams, by name.</param>
/// <param name="Count">How many streams match, on all pages.</param>
/// <param name="Time">When this was made (UTC).</param>
public sealed record StreamListAnswer(IReadOnlyList<StreamAnswer> Streams, int Count, DateTime Time);

/// <summary>Statistics of one stream.</summary>
/// <param name="StreamId">The stream's name.</param>
/// <param name="Stats">Counters and gauges.</param>
/// <param name="Time">When this was made (UTC).</param>
public sealed record StreamStatsReply(string StreamId, StreamStatsAnswer Stats, DateTime Time);

/// <summary>Totals of the whole system.</summary>
/// <param name="TotalStreams">Streams that exist.</param>
/// <param name="ActiveStreams">Streams through which media flows.</param>
/// <param name="TotalBitrate">Bits per second received, over all streams.</param>
/// <param name="CpuUsage">Share of all cores that this process used since the last time asked, 0 to 1.</param>
/// <param name="MemoryUsage">Resident bytes of this process.</param>
/// <param name="Uptime">Seconds since the process started.</param>
/// <param name="Started">When it started (UTC).</param>
/// <param name="SrtEnabled">The SRT listener is on.</param>
/// <param name="RtpEnabled">The RTP listener is on.</param>
/// <param name="SrtSessions">Streams over SRT.</param>
/// <param name="RtpSessions">Streams over RTP.</param>
/// <param name="ActiveHandlers">Streams with a publisher connected.</param>
/// <param name="SrtPort">UDP port to push SRT to, that of the first ingest node where there are several; 0 while nobody listens.</param>
public sealed record SystemStatsAnswer(int TotalStreams, int ActiveStreams, long TotalBitrate, double CpuUsage, long MemoryUsage, double Uptime, DateTime Started,
    bool SrtEnabled, bool RtpEnabled, int SrtSessions, int RtpSessions, int ActiveHandlers, int SrtPort);

/// <summary>A request that changed something.</summary>
/// <param name="Message">What was done, in a sentence.</param>
/// <param name="Timestamp">When (UTC).</param>
public sealed record MessageAnswer(string Message, DateTime Timestamp);

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower, DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull)]
[JsonSerializable(typeof(StreamListAnswer))]
[JsonSerializable(typeof(StreamAnswer))]
[JsonSerializable(typeof(StreamStatsReply))]
[JsonSerializable(typeof(SystemStatsAnswer))]
[JsonSerializable(typeof(MessageAnswer))]
[JsonSerializable(typeof(TranscodeCapabilities))]
internal sealed partial class ControlJson : JsonSerializerContext;
