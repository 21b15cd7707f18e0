using System.Buffers.Binary;

namespace Mirror.GpuTranscode.Workers;

/// <summary>The fields of <see cref="WorkerMessageType.Unit"/>: a coded picture on its way to the worker.</summary>
/// <param name="Timeline">Numbers timelines.</param>
/// <param name="StartsSegment">Every encoder makes an IDR picture of it.</param>
/// <param name="FollowsGap">Units before it were left out, so the decoder starts anew.</param>
/// <param name="Pts90k">Presentation time in 90 kHz ticks.</param>
/// <param name="Dts90k">Decoding time in 90 kHz ticks.</param>
/// <param name="ReceivedTimestamp">When its last byte arrived, in ticks of the monotonic clock, which all processes share.</param>
internal readonly record struct WorkerUnit(int Timeline, bool StartsSegment, bool FollowsGap, long Pts90k, long Dts90k, long ReceivedTimestamp)
{
    private const int StartsSegmentFlag = 1;
    private const int FollowsGapFlag = 2;

    public void WriteTo(Span<byte> fields)
    {
        BinaryPrimitives.WriteInt32LittleEndian(fields, Timeline);
        BinaryPrimitives.WriteInt32LittleEndian(fields[4..], (StartsSegment ? StartsSegmentFlag : 0) | (FollowsGap ? FollowsGapFlag : 0));
        BinaryPrimitives.WriteInt64LittleEndian(fields[8..], Pts90k);
        BinaryPrimitives.WriteInt64LittleEndian(fields[16..], Dts90k);
        BinaryPrimitives.WriteInt64LittleEndian(fields[24..], ReceivedTimestamp);
    }

    public static WorkerUnit Read(ReadOnlySpan<byte> fields)
    {
        int flags = BinaryPrimitives.ReadInt32LittleEndian(fields[4..]);
        return new(BinaryPrimitives.ReadInt32LittleEndian(fields), (flags & StartsSegmentFlag) != 0, (flags & FollowsGapFlag) != 0,
            BinaryPrimitives.ReadInt64LittleEndian(fields[8..]), BinaryPrimitives.ReadInt64LittleEndian(fields[16..]), BinaryPrimitives.ReadInt64LittleEndian(fields[24..]));
    }
}

/// <summary>The fields of <see cref="WorkerMessageType.Frame"/>: an encoded picture on its way back.</summary>
/// <param name="Rung">Index of the rung in its ladder.</param>
/// <param name="Timeline">That of the source picture.</param>
/// <param name="IsKey">An IDR picture.</param>
/// <param name="Pts90k">Presentation time in 90 kHz ticks.</param>
/// <param name="Dts90k">Decoding time in 90 kHz ticks.</param>
/// <param name="ReceivedTimestamp">That of the source picture.</param>
internal readonly record struct WorkerFrame(int Rung, int Timeline, bool IsKey, long Pts90k, long Dts90k, long ReceivedTimestamp)
{
    public void WriteTo(Span<byte> fields)
    {
        BinaryPrimitives.WriteInt32LittleEndian(fields, Rung);
        BinaryPrimitives.WriteInt32LittleEndian(fields[4..], Timeline);
        BinaryPrimitives.WriteInt64LittleEndian(fields[8..], IsKey ? 1 : 0);
        BinaryPrimitives.WriteInt64LittleEndian(fields[16..], Pts90k);
        BinaryPrimitives.WriteInt64LittleEndian(fields[24..], Dts90k);
        BinaryPrimitives.WriteInt64LittleEndian(fields[32..], ReceivedTimestamp);
    }

    public static WorkerFrame Read(ReadOnlySpan<byte> fields)
        => new(BinaryPrimitives.ReadInt32LittleEndian(fields), BinaryPrimitives.ReadInt32LittleEndian(fields[4..]), (fields[8] & 1) != 0,
            BinaryPrimitives.ReadInt64LittleEndian(fields[16..]), BinaryPrimitives.ReadInt64LittleEndian(fields[24..]), BinaryPrimitives.ReadInt64LittleEndian(fields[32..]));
}
