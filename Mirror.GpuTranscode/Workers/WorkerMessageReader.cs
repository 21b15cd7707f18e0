using System.Runtime.InteropServices;
using Mirror.Media.Frames;

namespace Mirror.GpuTranscode.Workers;

/// <summary>Cuts the bytes of a socket into messages. A large payload is received straight into the buffer that its taker gets.</summary>
/// <remarks>
/// Receive into <see cref="GetMemory"/>, tell <see cref="Advance"/> how much came, then call <see cref="TryRead"/> until it is false.
/// Holds one payload at most. Not thread-safe.
/// </remarks>
internal sealed class WorkerMessageReader : IDisposable
{
    private const int StagingLength = 4096;                  // headers, fields and small payloads; more would only be copied more

    private readonly byte[] _staging = new byte[StagingLength];
    private readonly byte[] _fields = new byte[WorkerProtocol.MostFields];
    private int _start;
    private int _end;
    private WorkerMessageType _type;
    private int _fieldsLength;
    private MediaBuffer? _payload;
    private int _filled;

    /// <summary>Whether bytes came that are no message. Nothing is read from then on.</summary>
    public bool IsCorrupt { get; private set; }

    /// <summary>Where the next bytes go; never empty.</summary>
    public Memory<byte> GetMemory()
    {
        if (_payload is not null && _filled < _payload.Length) { return MemoryMarshal.AsMemory(_payload.Memory)[_filled..]; }
        if (_start > 0)
        {
            _staging.AsSpan(_start, _end - _start).CopyTo(_staging);
            (_start, _end) = (0, _end - _start);
        }
        return _staging.AsMemory(_end);
    }

    /// <summary>Counts bytes received into the last <see cref="GetMemory"/>.</summary>
    public void Advance(int count)
    {
        if (_payload is not null && _filled < _payload.Length) { _filled += count; }
        else { _end += count; }
    }

    /// <summary>The next whole message; false if more bytes must come first.</summary>
    /// <param name="message">The message. Its payload's reference passes to the caller; its fields are borrowed until the next call.</param>
    public bool TryRead(out WorkerMessage message)
    {
        message = default;
        if (_payload is null && !TryStart()) { return false; }
        if (_filled < _payload!.Length) { return false; }
        message = new WorkerMessage(_type, _fields.AsSpan(0, _fieldsLength), _payload);
        _payload = null;
        return true;
    }

    public void Dispose()
    {
        _payload?.Release();
        _payload = null;
        IsCorrupt = true;
    }

    /// <summary>Reads header and fields once they are all there, and what is there of the payload.</summary>
    private bool TryStart()
    {
        ReadOnlySpan<byte> staged = _staging.AsSpan(_start, _end - _start);
        if (IsCorrupt || staged.Length < WorkerProtocol.HeaderLength) { return false; }
        if (!WorkerProtocol.TryReadHeader(staged, out _type, out int bodyLength))
        {
            IsCorrupt = true;
            return false;
        }
        _fieldsLength = WorkerProtocol.FieldsLength(_type);
        int head = WorkerProtocol.HeaderLength + _fieldsLength;
        if (staged.Length < head) { return false; }
        staged.Slice(WorkerProtocol.HeaderLength, _fieldsLength).CopyTo(_fields);
        int payloadLength = bodyLength - _fieldsLength;
        _filled = Math.Min(payloadLength, staged.Length - head);
        _payload = MediaBuffer.Rent(payloadLength);
        staged.Slice(head, _filled).CopyTo(_payload.GetSpan(payloadLength));
        _payload.Advance(payloadLength);
        _start += head + _filled;
        return true;
    }
}

/// <summary>One message. Whoever reads it owns the payload's reference.</summary>
internal readonly ref struct WorkerMessage(WorkerMessageType type, ReadOnlySpan<byte> fields, MediaBuffer payload)
{
    public WorkerMessageType Type { get; } = type;

    public ReadOnlySpan<byte> Fields { get; } = fields;

    /// <summary>The rest of the body; empty where the type has no payload.</summary>
    public MediaBuffer Payload { get; } = payload;
}
