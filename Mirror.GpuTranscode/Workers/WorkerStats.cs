using System.Buffers.Binary;

namespace Mirror.GpuTranscode.Workers;

/// <summary>The heartbeat: how far a worker is, and how it fares. Counters count from the worker's start; times are in ticks of the monotonic clock.</summary>
internal record struct WorkerStats
{
    /// <summary>Bytes of the message's fields.</summary>
    public const int Length = 15 * sizeof(long);

    /// <summary>Units, audio frames and drains that are done with: a codec that hangs leaves it where it is.</summary>
    public long DoneSequence;

    /// <summary>What the worker is at.</summary>
    public WorkerPhase Phase;

    /// <summary>How much is left out to keep up; see <see cref="LagController"/>.</summary>
    public int SkipLevel;

    /// <summary>How long the last picture waited from its arrival to the start of its decoding, in microseconds.</summary>
    public long LagMicroseconds;

    /// <summary>Pictures decoded.</summary>
    public long FramesDecoded;

    /// <summary>Pictures encoded, all rungs together.</summary>
    public long FramesEncoded;

    /// <summary>Source pictures left out to keep up.</summary>
    public long FramesDropped;

    /// <summary>Source pictures that could not be decoded.</summary>
    public long Errors;

    /// <summary>Time spent decoding.</summary>
    public long DecodeTicks;

    /// <summary>Time spent scaling.</summary>
    public long ScaleTicks;

    /// <summary>Time spent encoding.</summary>
    public long EncodeTicks;

    /// <summary>Pictures scaled, all rungs together.</summary>
    public long FramesScaled;

    /// <summary>Where it is done: an index into <see cref="Devices"/>.</summary>
    public long Device;

    /// <summary>Audio frames of the source that could not be decoded.</summary>
    public long AudioErrors;

    /// <summary>Milliseconds of silence put where the source had no sound.</summary>
    public long AudioFilledMilliseconds;

    private static readonly string?[] Devices = [null, "cpu", "gpu", "gpu+cpu"];

    /// <summary>The device in words; see <see cref="Mirror.Streams.Transcoding.TranscodeState.Device"/>.</summary>
    public string? DeviceName
    {
        readonly get => Device >= 0 && Device < Devices.Length ? Devices[Device] : null;
        set => Device = Math.Max(0, Array.IndexOf(Devices, value));
    }

    public readonly void WriteTo(Span<byte> fields)
    {
        ReadOnlySpan<long> values =
        [
            DoneSequence, (long)Phase, SkipLevel, LagMicroseconds, FramesDecoded, FramesEncoded, FramesDropped, Errors,
            DecodeTicks, ScaleTicks, EncodeTicks, FramesScaled, Device, AudioErrors, AudioFilledMilliseconds,
        ];
        for (int i = 0; i < values.Length; i++) { BinaryPrimitives.WriteInt64LittleEndian(fields[(i * 8)..], values[i]); }
    }

    public static WorkerStats Read(ReadOnlySpan<byte> fields)
    {
        Span<long> values = stackalloc long[Length / 8];
        for (int i = 0; i < values.Length; i++) { values[i] = BinaryPrimitives.ReadInt64LittleEndian(fields[(i * 8)..]); }
        return new WorkerStats
        {
            DoneSequence = values[0],
            Phase = (WorkerPhase)values[1],
            SkipLevel = (int)Math.Clamp(values[2], 0, LagController.MostLevels),
            LagMicroseconds = values[3],
            FramesDecoded = values[4],
            FramesEncoded = values[5],
            FramesDropped = values[6],
            Errors = values[7],
            DecodeTicks = values[8],
            ScaleTicks = values[9],
            EncodeTicks = values[10],
            FramesScaled = values[11],
            Device = values[12],
            AudioErrors = values[13],
            AudioFilledMilliseconds = values[14],
        };
    }
}

/// <summary>What a worker is at.</summary>
internal enum WorkerPhase
{
    /// <summary>Waits for units.</summary>
    Idle,

    /// <summary>Opens codecs, which a GPU's driver may take seconds for.</summary>
    Configuring,

    /// <summary>Decodes and encodes one unit.</summary>
    Transcoding,

    /// <summary>Empties codecs.</summary>
    Draining,
}
