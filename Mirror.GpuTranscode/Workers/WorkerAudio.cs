using System.Buffers.Binary;

namespace Mirror.GpuTranscode.Workers;

/// <summary>
/// The fields of <see cref="WorkerMessageType.Audio"/>, a coded frame on its way to the worker, and of <see cref="WorkerMessageType.AudioFrame"/>,
/// an encoded one on its way back.
/// </summary>
/// <param name="Sound">Numbers the stream's sounds.</param>
/// <param name="Timeline">Numbers timelines.</param>
/// <param name="Pts">Presentation time: of the source in 90 kHz ticks, of what is encoded in samples.</param>
/// <param name="ReceivedTimestamp">When the source's last byte arrived, in ticks of the monotonic clock, which all processes share.</param>
internal readonly record struct WorkerAudio(int Sound, int Timeline, long Pts, long ReceivedTimestamp)
{
    public void WriteTo(Span<byte> fields)
    {
        BinaryPrimitives.WriteInt32LittleEndian(fields, Timeline);
        BinaryPrimitives.WriteInt32LittleEndian(fields[4..], Sound);
        BinaryPrimitives.WriteInt64LittleEndian(fields[8..], Pts);
        BinaryPrimitives.WriteInt64LittleEndian(fields[16..], ReceivedTimestamp);
    }

    public static WorkerAudio Read(ReadOnlySpan<byte> fields)
        => new(BinaryPrimitives.ReadInt32LittleEndian(fields[4..]), BinaryPrimitives.ReadInt32LittleEndian(fields), BinaryPrimitives.ReadInt64LittleEndian(fields[8..]), BinaryPrimitives.ReadInt64LittleEndian(fields[16..]));
}
