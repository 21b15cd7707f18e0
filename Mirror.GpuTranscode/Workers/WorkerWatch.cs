using System.Diagnostics;

namespace Mirror.GpuTranscode.Workers;

/// <summary>Tells a worker that stopped, hangs or leaks from one that is busy, or that the machine starves.</summary>
/// <remarks>
/// A stopped worker gives no sign and uses no processor time; one that hangs gives signs without progress, and uses no time or all of it. A
/// starved one uses some of what it could, or waits for a processor, and is given more patience: to replace it would starve the machine
/// further. Thread-safe.
/// </remarks>
internal sealed class WorkerWatch(ProcessMeter meter, long largestMemory)
{
    /// <summary>How often to call <see cref="Check"/>.</summary>
    public static readonly TimeSpan Interval = TimeSpan.FromMilliseconds(200);

    private static readonly TimeSpan LongestStop = TimeSpan.FromSeconds(0.6);           // those that limit a process stop it for 0.1 s at a time
    private static readonly TimeSpan LongestSilence = TimeSpan.FromSeconds(1);          // four heartbeats
    private static readonly TimeSpan LongestStall = TimeSpan.FromSeconds(1.5);
    private static readonly TimeSpan LongestStarved = TimeSpan.FromSeconds(6);
    private static readonly TimeSpan LongestWaiting = TimeSpan.FromSeconds(20);         // for a processor, by the kernel's own count
    private static readonly TimeSpan LongestOpening = TimeSpan.FromSeconds(15);         // of codecs, and of emptying them: a GPU's driver takes seconds
    private static readonly TimeSpan MeasuringPeriod = TimeSpan.FromSeconds(1);
    private const double IdleShare = 0.04;                   // of one core: what uses less does nothing
    private const double BusyShare = 0.6;                    // of one core: what uses more was not starved
    private const double WaitingShare = 0.2;                 // of the time: threads that wait for so long, together, have too little of a processor

    private readonly Lock _gate = new();
    private Stretch _silence = new(Stopwatch.GetTimestamp());
    private Stretch _stall = new(Stopwatch.GetTimestamp());
    private long _checked = Stopwatch.GetTimestamp();
    private bool _isReceiving;
    private long _sentSequence;
    private long _doneSequence;
    private WorkerPhase _phase;
    private TimeSpan _time;
    private long _measured = Stopwatch.GetTimestamp();
    private TimeSpan? _timeWhenMeasured;

    public void OnSent(long sequence)
    {
        lock (_gate)
        {
            if (_sentSequence <= _doneSequence) { _stall = new(Stopwatch.GetTimestamp()); }
            _sentSequence = Math.Max(_sentSequence, sequence);
        }
    }

    /// <summary>The node waits for the worker from here on. While it deals with messages instead, silence means nothing.</summary>
    public void OnReceiving()
    {
        lock (_gate) { (_isReceiving, _silence) = (true, new(Stopwatch.GetTimestamp())); }
    }

    public void OnReceived()
    {
        lock (_gate) { _isReceiving = false; }
    }

    /// <summary>A frame came.</summary>
    public void OnFrame()
    {
        lock (_gate) { _stall = new(Stopwatch.GetTimestamp()); }
    }

    public void OnHeartbeat(in WorkerStats stats)
    {
        lock (_gate)
        {
            if (stats.DoneSequence != _doneSequence || stats.Phase != _phase) { _stall = new(Stopwatch.GetTimestamp()); }
            (_doneSequence, _phase) = (stats.DoneSequence, stats.Phase);
        }
    }

    /// <summary>Says what is wrong with the worker; <see langword="null"/> when nothing is.</summary>
    public string? Check()
    {
        if (!meter.TryRead(out ProcessUse use) || use.IsDead) { return null; }          // its end is noticed by the end of its connection
        lock (_gate)
        {
            long now = Stopwatch.GetTimestamp();
            bool wasHeldUp = Stopwatch.GetElapsedTime(_checked, now) > Interval * 3;    // this process itself: it heard nothing because it did not listen
            (_checked, _time) = (now, use.ProcessorTime);
            if (wasHeldUp) { (_silence, _stall) = (new(now), new(now)); }
            TimeSpan patience = _phase is WorkerPhase.Configuring or WorkerPhase.Draining ? LongestOpening : LongestStall;
            _silence.Observe(now, _time, LongestSilence, meter);
            _stall.Observe(now, _time, patience, meter);
            if (use.ResidentBytes > largestMemory) { return $"The worker process holds {use.ResidentBytes >> 20} MiB of memory, more than transcode.worker_memory."; }
            if (!_isReceiving) { return null; }
            if (use.IsStopped && _silence.Lasts(LongestStop, now)) { return "The worker process was stopped."; }
            if (_silence.Lasts(LongestSilence, now) && !IsStarved(_silence, LongestSilence, now, canSpin: false)) { return "The worker process gives no sign of life."; }
            bool hangs = _sentSequence > _doneSequence && _stall.Lasts(patience, now) && !IsStarved(_stall, patience, now, canSpin: true);
            return hangs ? "The worker process hangs." : null;
        }
    }

    /// <summary>Cores used since the last answer; <see langword="null"/> until a second has passed.</summary>
    public double? TakeCores()
    {
        lock (_gate)
        {
            TimeSpan elapsed = Stopwatch.GetElapsedTime(_measured, _checked);
            if (elapsed < MeasuringPeriod) { return null; }
            double? cores = (_time - _timeWhenMeasured) / elapsed;   // none at first: that would count the time that it took to start
            (_measured, _timeWhenMeasured) = (_checked, _time);
            return cores;
        }
    }

    private bool IsStarved(Stretch stretch, TimeSpan patience, long now, bool canSpin)
    {
        if (stretch.ShareOfWaiting(now, meter) > WaitingShare) { return !stretch.Lasts(LongestWaiting, now); }
        if (stretch.Lasts(patience > LongestStarved ? patience : LongestStarved, now)) { return false; }
        double share = stretch.ShareOfCore(now, _time);
        return share > IdleShare && !(canSpin && share > BusyShare);
    }

    /// <summary>A time in which nothing happens, and the processor time used in it, from the first look at it on.</summary>
    private struct Stretch(long start)
    {
        private long _observed;
        private TimeSpan _timeThen;
        private long _watched;                               // since when it is looked at more closely: when it begins to look bad
        private TimeSpan _waitedThen;

        public void Observe(long now, TimeSpan time, TimeSpan patience, ProcessMeter meter)
        {
            if (_observed == 0) { (_observed, _timeThen) = (now, time); }
            if (_watched == 0 && Lasts(patience / 2, now)) { (_watched, _waitedThen) = (now, meter.ReadWaited()); }
        }

        public readonly bool Lasts(TimeSpan patience, long now) => Stopwatch.GetElapsedTime(start, now) > patience;

        public readonly double ShareOfWaiting(long now, ProcessMeter meter)
        {
            TimeSpan elapsed = _watched == 0 ? TimeSpan.Zero : Stopwatch.GetElapsedTime(_watched, now);
            return elapsed > TimeSpan.Zero ? (meter.ReadWaited() - _waitedThen) / elapsed : 0;
        }

        public readonly double ShareOfCore(long now, TimeSpan time)
        {
            TimeSpan elapsed = Stopwatch.GetElapsedTime(_observed, now);
            return elapsed > TimeSpan.Zero ? (time - _timeThen) / elapsed : 0;
        }
    }
}
