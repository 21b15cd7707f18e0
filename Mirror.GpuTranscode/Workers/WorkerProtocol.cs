using System.Buffers.Binary;
using System.Text.Json;
using System.Text.Json.Serialization;
using Mirror.GpuTranscode.Ladder;
using Mirror.Media.Frames;
using Mirror.Streams.Transcoding;

namespace Mirror.GpuTranscode.Workers;

/// <summary>The messages between the node and a worker process, over a stream socket. All numbers are little-endian.</summary>
/// <remarks>
/// <code>
/// | body length: u32 | type: u16 | mark: u16 | fields: of a length fixed by the type | payload: the rest of the body |
/// </code>
/// Both ends run the same build, so there is no version; the mark tells a stream that lost its step from a sound one.
/// </remarks>
internal static class WorkerProtocol
{
    public const int HeaderLength = 8;                       // bodyLength(4) type(2) mark(2)
    public const int UnitFieldsLength = 32;                  // timeline(4) flags(4) pts(8) dts(8) received(8)
    public const int FrameFieldsLength = 40;                 // rung(4) timeline(4) flags(4) reserved(4) pts(8) dts(8) received(8): see WorkerFrame
    public const int AudioFieldsLength = 24;                 // timeline(4) sound(4) pts(8) received(8): see WorkerAudio
    public const int MostFields = 128;
    public const int MostFatalText = 4096;
    private const int LargestUnit = 16 * 1024 * 1024;        // ingest drops access units above 10 MiB
    private const int LargestAudio = 1024 * 1024;            // far beyond any codec's frame
    private const int LargestJson = 1024 * 1024;
    private const ushort Mark = 0x574D;

    /// <summary>Writes the header of a message.</summary>
    /// <param name="target">At least <see cref="HeaderLength"/> bytes.</param>
    /// <param name="type">The message.</param>
    /// <param name="bodyLength">Bytes of fields and payload together.</param>
    public static void WriteHeader(Span<byte> target, WorkerMessageType type, int bodyLength)
    {
        BinaryPrimitives.WriteInt32LittleEndian(target, bodyLength);
        BinaryPrimitives.WriteUInt16LittleEndian(target[4..], (ushort)type);
        BinaryPrimitives.WriteUInt16LittleEndian(target[6..], Mark);
    }

    /// <summary>Reads a header; false if these bytes are none, or if it announces more than its type may hold.</summary>
    public static bool TryReadHeader(ReadOnlySpan<byte> header, out WorkerMessageType type, out int bodyLength)
    {
        bodyLength = BinaryPrimitives.ReadInt32LittleEndian(header);
        type = (WorkerMessageType)BinaryPrimitives.ReadUInt16LittleEndian(header[4..]);
        int fields = FieldsLength(type);
        return BinaryPrimitives.ReadUInt16LittleEndian(header[6..]) == Mark && fields >= 0 && bodyLength >= fields && bodyLength - fields <= LargestPayload(type);
    }

    /// <summary>Bytes of a message's fields; negative for a type that there is not.</summary>
    public static int FieldsLength(WorkerMessageType type) => type switch
    {
        WorkerMessageType.Configure or WorkerMessageType.ConfigureAudio or WorkerMessageType.Probe or WorkerMessageType.Ready or WorkerMessageType.Capabilities => 0,
        WorkerMessageType.Fatal => 0,
        WorkerMessageType.AudioFormat or WorkerMessageType.AudioFailed => 4,
        WorkerMessageType.Audio or WorkerMessageType.AudioFrame => AudioFieldsLength,
        WorkerMessageType.Unit => UnitFieldsLength,
        WorkerMessageType.Drain or WorkerMessageType.Drained or WorkerMessageType.Snapshot => 8,
        WorkerMessageType.Still => 4,
        WorkerMessageType.Configured or WorkerMessageType.Format or WorkerMessageType.Image => 4,
        WorkerMessageType.Frame => FrameFieldsLength,
        WorkerMessageType.Stats => WorkerStats.Length,
        _ => -1,
    };

    /// <summary>A whole message in one array, for those that are rare or small.</summary>
    public static byte[] Write(WorkerMessageType type, ReadOnlySpan<byte> fields, ReadOnlySpan<byte> payload)
    {
        byte[] message = new byte[HeaderLength + fields.Length + payload.Length];
        WriteHeader(message, type, fields.Length + payload.Length);
        fields.CopyTo(message.AsSpan(HeaderLength));
        payload.CopyTo(message.AsSpan(HeaderLength + fields.Length));
        return message;
    }

    public static byte[] WriteConfigure(WorkerConfiguration configuration)
        => Write(WorkerMessageType.Configure, [], JsonSerializer.SerializeToUtf8Bytes(configuration, WorkerJson.Default.WorkerConfiguration));

    public static byte[] WriteConfigureAudio(AudioConfiguration configuration)
        => Write(WorkerMessageType.ConfigureAudio, [], JsonSerializer.SerializeToUtf8Bytes(configuration, WorkerJson.Default.AudioConfiguration));

    public static byte[] WriteDrain(long sequence) => Write(WorkerMessageType.Drain, Fields(sequence), []);

    public static byte[] WriteSnapshot(int request, int maxWidth) => Write(WorkerMessageType.Snapshot, Fields((uint)request | (long)maxWidth << 32), []);

    /// <summary>Asks for a picture of one key frame, outside any ladder: the track, as JSON, then the unit.</summary>
    public static byte[] WriteStill(int request, VideoTrack track, ReadOnlySpan<byte> unit)
    {
        byte[] json = JsonSerializer.SerializeToUtf8Bytes(track, WorkerJson.Default.VideoTrack);
        Span<byte> fields = stackalloc byte[4];
        BinaryPrimitives.WriteInt32LittleEndian(fields, request);
        byte[] payload = new byte[4 + json.Length + unit.Length];
        BinaryPrimitives.WriteInt32LittleEndian(payload, json.Length);
        json.CopyTo(payload, 4);
        unit.CopyTo(payload.AsSpan(4 + json.Length));
        return Write(WorkerMessageType.Still, fields, payload);
    }

    /// <summary>Reads the payload of <see cref="WorkerMessageType.Still"/>.</summary>
    public static bool TryReadStill(ReadOnlySpan<byte> payload, out VideoTrack? track, out ReadOnlySpan<byte> unit)
    {
        track = null;
        unit = default;
        if (payload.Length < 4) { return false; }
        int length = BinaryPrimitives.ReadInt32LittleEndian(payload);
        if (length < 0 || length > payload.Length - 4) { return false; }
        track = ReadJson(payload.Slice(4, length), WorkerJson.Default.VideoTrack);
        unit = payload[(4 + length)..];
        return track is not null;
    }

    /// <summary>Reads a payload of JSON; <see langword="null"/> if it is none of this type.</summary>
    public static T? ReadJson<T>(ReadOnlySpan<byte> payload, System.Text.Json.Serialization.Metadata.JsonTypeInfo<T> type) where T : class
    {
        try { return JsonSerializer.Deserialize(payload, type); }
        catch (Exception error) when (error is JsonException or NotSupportedException) { return null; }
    }

    private static int LargestPayload(WorkerMessageType type) => type switch
    {
        WorkerMessageType.Unit or WorkerMessageType.Frame or WorkerMessageType.Image or WorkerMessageType.Still => LargestUnit,
        WorkerMessageType.Audio or WorkerMessageType.AudioFrame => LargestAudio,
        WorkerMessageType.Configure or WorkerMessageType.ConfigureAudio or WorkerMessageType.Format or WorkerMessageType.AudioFormat or WorkerMessageType.Capabilities => LargestJson,
        WorkerMessageType.Fatal or WorkerMessageType.AudioFailed or WorkerMessageType.Ready => MostFatalText,
        _ => 0,
    };

    private static byte[] Fields(long value)
    {
        byte[] fields = new byte[8];
        BinaryPrimitives.WriteInt64LittleEndian(fields, value);
        return fields;
    }
}

/// <summary>What a message is.</summary>
internal enum WorkerMessageType : ushort
{
    /// <summary>To the worker: transcode this format from here on (JSON). What the format before it still owes comes out first.</summary>
    Configure = 1,

    /// <summary>To the worker: the next coded picture.</summary>
    Unit = 2,

    /// <summary>To the worker: give out all that is held back. Fields: a number to answer with.</summary>
    Drain = 3,

    /// <summary>To the worker: a JPEG of the newest key frame. Fields: number of the request, largest width.</summary>
    Snapshot = 4,

    /// <summary>To the worker: a JPEG of this key frame.</summary>
    Still = 5,

    /// <summary>To the worker: find out what the machine can do.</summary>
    Probe = 6,

    /// <summary>To the worker: encode this sound from here on (JSON).</summary>
    ConfigureAudio = 7,

    /// <summary>To the worker: the next coded audio frame.</summary>
    Audio = 8,

    /// <summary>From the worker: the libraries are loaded. Payload: why they are not, as text.</summary>
    Ready = 64,

    /// <summary>From the worker: a <see cref="Configure"/> is in force. Fields: its generation.</summary>
    Configured = 65,

    /// <summary>From the worker: the format of a rung (JSON). Fields: the rung.</summary>
    Format = 66,

    /// <summary>From the worker: an encoded picture.</summary>
    Frame = 67,

    /// <summary>From the worker: all before a <see cref="Drain"/> is out. Fields: its number.</summary>
    Drained = 68,

    /// <summary>From the worker: a JPEG file, or nothing. Fields: number of the request.</summary>
    Image = 69,

    /// <summary>From the worker: the heartbeat.</summary>
    Stats = 70,

    /// <summary>From the worker: what the machine can do (JSON).</summary>
    Capabilities = 71,

    /// <summary>From the worker, as its last: why it gives up, as text.</summary>
    Fatal = 72,

    /// <summary>From the worker: the format of the encoded sound (JSON).</summary>
    AudioFormat = 73,

    /// <summary>From the worker: an encoded audio frame.</summary>
    AudioFrame = 74,

    /// <summary>From the worker: why there is no sound until the next <see cref="ConfigureAudio"/>, as text.</summary>
    AudioFailed = 75,
}

/// <summary>JSON of the messages that carry structured values.</summary>
[JsonSourceGenerationOptions(IgnoreReadOnlyProperties = true)]
[JsonSerializable(typeof(WorkerConfiguration))]
[JsonSerializable(typeof(AudioConfiguration))]
[JsonSerializable(typeof(VideoTrack))]
[JsonSerializable(typeof(AudioTrack))]
[JsonSerializable(typeof(TranscodeCapabilities))]
internal sealed partial class WorkerJson : JsonSerializerContext;
