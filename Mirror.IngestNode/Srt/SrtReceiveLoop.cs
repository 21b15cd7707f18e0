using System.Collections.Concurrent;
using System.Runtime.InteropServices;
using Mirror.IngestNode.Streams;

namespace Mirror.IngestNode.Srt;

/// <summary>One thread that receives many SRT connections and runs their streams' demuxing and packaging inline.</summary>
/// <remarks>
/// 1. Do what other threads posted. 2. Ask epoll, without waiting, which connections have packets due. 3. Read each of them dry, packets
/// back to back into one buffer, and hand that to the stream in one call. 4. Let every stream pass on what waits, and keep house. 5. Sleep <see cref="Pace"/>.
/// The fixed pace is the point: receiving costs wake-ups, not bytes, and a loop that waits for each packet wakes 4,750 times a second for
/// one stream of 50 Mbit/s. libsrt's waiters also share one condition variable, which costs several of them up to 10 ms a wake-up;
/// a loop that never waits inside libsrt doesn't pay that. What waits here waits in libsrt's receive buffer, which is bounded.
/// A stream stays on one loop for life, so nothing of it needs a lock.
/// </remarks>
internal sealed unsafe class SrtReceiveLoop : IDisposable
{
    /// <summary>Time between two rounds: half of it is the mean delay that it adds.</summary>
    public static readonly TimeSpan Pace = TimeSpan.FromMilliseconds(3);

    private const int LongestMessage = 1456;                 // MSS 1500 less the headers of IP, UDP and SRT
    private const int BatchBytes = 48 * LongestMessage;      // handed to a stream in one call
    private const int MessagesPerRound = 1024;               // of one connection, so that one flood can't starve the others
    private const int EventsPerRound = 64;

    // A batch has the arrival of its first packet. After a stall the packets of a longer time are read at once.
    private static readonly TimeSpan LongestBatch = TimeSpan.FromMilliseconds(5);
    private static readonly TimeSpan HouseKeeping = TimeSpan.FromMilliseconds(100);
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(1);

    private readonly ConcurrentQueue<Action> _posted = new();
    private readonly AutoResetEvent _wake = new(false);
    private readonly Dictionary<int, SrtConnection> _connections = [];
    private readonly List<LiveStream> _streams = [];
    private readonly TimeProvider _time;
    private readonly Action<LiveStream> _onEnded;
    private readonly int _epoll;
    private readonly byte* _batch;
    private readonly Thread _thread;
    private volatile bool _stopping;
    private int _load;

    public SrtReceiveLoop(int index, TimeProvider time, Action<LiveStream> onEnded)
    {
        _time = time;
        _onEnded = onEnded;
        _epoll = LibSrt.srt_epoll_create();
        LibSrt.srt_epoll_set(_epoll, SrtEpollFlags.EnableEmpty);
        _batch = (byte*)NativeMemory.Alloc(BatchBytes);
        _thread = new Thread(Run) { Name = $"srt-receive-{index}", IsBackground = true, Priority = ThreadPriority.AboveNormal };
        _thread.Start();
    }

    /// <summary>Streams assigned to this loop.</summary>
    public int Load => Volatile.Read(ref _load);

    /// <summary>Counts a stream toward <see cref="Load"/> before it arrives, so that a burst of callers spreads.</summary>
    public void Reserve() => Interlocked.Increment(ref _load);

    /// <summary>Hands a connection over: the stream's first, or one that continues it and replaces what is left of the last.</summary>
    public void Attach(SrtConnection connection) => Post(() =>
    {
        LiveStream stream = connection.Stream;
        if (stream.HasEnded)
        {
            LibSrt.srt_close(connection.Socket);
            return;
        }
        if (!_streams.Contains(stream)) { _streams.Add(stream); }
        if (stream.Connection is { } previous) { Lose(previous, "replaced by a new connection of the same publisher"); }
        int events = SrtEpollFlags.In | SrtEpollFlags.Error;
        if (LibSrt.srt_epoll_add_usock(_epoll, connection.Socket, &events) == LibSrt.Error)
        {
            LibSrt.srt_close(connection.Socket);
            stream.Interrupt("the connection was lost while it was accepted");
            return;
        }
        _connections.Add(connection.Socket, connection);
        stream.Attach(connection);
    });

    /// <summary>Disconnects a stream's publisher and ends the stream.</summary>
    public void Stop(LiveStream stream, string reason) => Post(() => End(stream, reason));

    public void Dispose()
    {
        _stopping = true;
        _wake.Set();
        _thread.Join();
        LibSrt.srt_epoll_release(_epoll);
        NativeMemory.Free(_batch);
        _wake.Dispose();
    }

    private void Post(Action action)
    {
        _posted.Enqueue(action);
        _wake.Set();
    }

    private void Run()
    {
        long lastHouseKeeping = _time.GetTimestamp();
        while (!_stopping)
        {
            while (_posted.TryDequeue(out Action? action)) { action(); }
            if (_streams.Count == 0)
            {
                _wake.WaitOne(Patience);
                continue;
            }
            ReceiveRound();
            foreach (LiveStream stream in _streams) { stream.RunPacer(); }
            if (_time.GetElapsedTime(lastHouseKeeping) >= HouseKeeping)
            {
                lastHouseKeeping = _time.GetTimestamp();
                KeepHouse();
            }
            Thread.Sleep(Pace);
        }
        while (_posted.TryDequeue(out Action? action)) { action(); }
        foreach (LiveStream stream in _streams.ToArray()) { End(stream, "Mirror is shutting down"); }
    }

    private void ReceiveRound()
    {
        SrtEpollEvent* events = stackalloc SrtEpollEvent[EventsPerRound];
        int ready = Math.Min(LibSrt.srt_epoll_uwait(_epoll, events, EventsPerRound, 0), EventsPerRound);
        if (ready <= 0) { return; }
        long now = _time.GetTimestamp();
        // Packets carry the instant at which they are due on libsrt's clock. Less the latency window, that is their
        // arrival, free of jitter.
        // The wall clock is read last: if the thread is paused in between, the arrival is too late, never too early.
        long srtNow = LibSrt.srt_time_now();
        DateTime srtEpoch = _time.GetUtcNow().UtcDateTime.AddMicroseconds(-srtNow);
        for (int i = 0; i < ready; i++)
        {
            if (_connections.TryGetValue(events[i].Socket, out SrtConnection? connection)) { ReceiveAll(connection, now, srtEpoch); }
        }
    }

    private void ReceiveAll(SrtConnection connection, long now, DateTime srtEpoch)
    {
        int filled = 0;
        int packets = 0;
        DateTime batchArrival = default;
        for (int count = 0; count < MessagesPerRound; count++)
        {
            SrtMessageControl control = SrtMessageControl.Empty;
            int length = LibSrt.srt_recvmsg2(connection.Socket, _batch + filled, LongestMessage, &control);
            if (length == LibSrt.Error)
            {
                bool lost = LibSrt.LastError() != SrtError.WouldBlockOnReceive;
                Flush(connection.Stream, ref filled, ref packets, now, batchArrival);
                if (lost) { Lose(connection, "the publisher disconnected"); }
                return;
            }
            if (!connection.FollowsOn(control.PacketSequence))
            {
                // The message stands behind the batch already: hand that over first, then the loss, then this one as a batch of its own.
                int start = filled;
                Flush(connection.Stream, ref filled, ref packets, now, batchArrival);
                connection.Stream.SignalLoss(connection.MissingBefore(control.PacketSequence));
                Buffer.MemoryCopy(_batch + start, _batch, length, length);
            }
            connection.LastSequence = control.PacketSequence;
            DateTime arrival = control.SourceTime == 0
                ? _time.GetUtcNow().UtcDateTime
                : srtEpoch.AddMicroseconds(control.SourceTime) - connection.Latency;
            if (filled > 0 && arrival - batchArrival > LongestBatch)
            {
                int start = filled;
                Flush(connection.Stream, ref filled, ref packets, now, batchArrival);
                Buffer.MemoryCopy(_batch + start, _batch, length, length);
            }
            if (filled == 0) { batchArrival = arrival; }
            filled += length;
            packets++;
            if (filled > BatchBytes - LongestMessage) { Flush(connection.Stream, ref filled, ref packets, now, batchArrival); }
        }
        Flush(connection.Stream, ref filled, ref packets, now, batchArrival);
    }

    private void Flush(LiveStream stream, ref int filled, ref int packets, long now, DateTime arrival)
    {
        if (filled == 0) { return; }
        stream.Receive(new ReadOnlySpan<byte>(_batch, filled), packets, now, arrival);
        (filled, packets) = (0, 0);
    }

    private void Lose(SrtConnection connection, string reason)
    {
        connection.Stream.Interrupt(reason);
        Close(connection);
    }

    private void Close(SrtConnection connection)
    {
        LibSrt.srt_epoll_remove_usock(_epoll, connection.Socket);
        LibSrt.srt_close(connection.Socket);
        _connections.Remove(connection.Socket);
    }

    private void KeepHouse()
    {
        for (int i = _streams.Count - 1; i >= 0; i--)
        {
            LiveStream stream = _streams[i];
            if (stream.ReconnectWindowIsOver)
            {
                End(stream, "the publisher did not come back in time");
                continue;
            }
            stream.KeepHouse();
        }
    }

    private void End(LiveStream stream, string reason)
    {
        if (!_streams.Remove(stream)) { return; }
        if (stream.Connection is { } connection)
        {
            stream.Detach();
            Close(connection);
        }
        stream.End(reason);
        Interlocked.Decrement(ref _load);
        _onEnded(stream);
    }
}
