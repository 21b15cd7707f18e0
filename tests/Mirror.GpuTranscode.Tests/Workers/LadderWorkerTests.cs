using System.Diagnostics;
using System.Globalization;
using Mirror.GpuTranscode.Tests.FFmpeg;
using Mirror.GpuTranscode.Workers;
using Mirror.Streams.Configuration;
using Mirror.Streams.Transcoding;

namespace Mirror.GpuTranscode.Tests.Workers;

/// <summary>Ladders encoded by real worker processes, and what happens to those.</summary>
[CollectionDefinition(nameof(LadderWorkerTests), DisableParallelization = true)]   // they measure times and this process's files
[Collection(nameof(LadderWorkerTests))]
public sealed class LadderWorkerTests
{
    private static readonly TimeSpan LongestOutage = TimeSpan.FromSeconds(2);

    [Fact]
    public async Task Every_frame_of_every_rung_comes_back()
    {
        await using var run = new LadderRun();
        run.Configure();
        run.Send(90);
        run.Worker.Drain();
        await run.UntilAsync(() => run.Recorder.Events.Contains("drained"), "all is drained");
        run.AssertComplete();
        run.AssertDecodable(0);
        run.AssertDecodable(1);
        Assert.Equal(["ladder 180p 90p", "format 0 320x180", "format 1 160x90", "up", "drained"], run.Recorder.Events.Order(Comparer<string>.Create((a, b) => Rank(a) - Rank(b))));
        Assert.Equal(Enumerable.Range(0, 6), run.Recorder.Frames(0).Where(frame => frame.IsKey).Select(frame => (int)((frame.Pts90k - 90_000) / LadderRun.Frame90k / LadderRun.Gop)));
        await run.UntilAsync(() => run.Worker.State is { Device: "cpu", IsDegraded: false }, "the heartbeat says where it is done, and that nothing waits");
        TranscodeState state = run.Worker.State;
        Assert.Equal((0, 0L), (state.Restarts, state.FramesDropped));
        Assert.Equal([new RenditionState("180p", "h264", "320x180", 200_000, 90, true), new RenditionState("90p", "h264", "160x90", 200_000, 90, true)], state.Renditions);

        static int Rank(string text) => Array.FindIndex(["ladder", "format 0", "format 1", "up", "drained"], start => text.StartsWith(start, StringComparison.Ordinal));
    }

    [Theory]
    [InlineData(LadderRun.SigKill, "signal SIGKILL")]
    [InlineData(LadderRun.SigStop, "stopped")]
    [InlineData(31, "signal SIGSYS")]
    public async Task A_worker_that_fails_is_replaced_and_no_frame_is_missing_or_repeated(int signal, string reason)
    {
        await using var run = new LadderRun();
        run.Configure();
        run.SendInRealTime();
        await run.UpAsync();
        await run.UntilAsync(() => run.Recorder.Frames(0).Length > 40, "some frames came");
        run.Signal(signal);
        await run.UpAsync(2);
        int frames = run.Recorder.Frames(0).Length;
        await run.UntilAsync(() => run.Recorder.Frames(0).Length > frames + 40, "some more frames came");
        await run.StopSendingAsync();
        await run.AllDeliveredAsync();
        run.AssertComplete();
        run.AssertDecodable(0);
        run.AssertDecodable(1);
        Assert.Contains(run.Recorder.Events, text => text.StartsWith("down", StringComparison.Ordinal) && text.Contains(reason, StringComparison.Ordinal));
        Assert.Equal(1, run.Worker.State.Restarts);
    }

    [Fact]
    public async Task A_worker_that_holds_too_much_memory_is_replaced()
    {
        await using var run = new LadderRun(new TranscodeOptions { WorkerMemory = new ByteSize(20 << 20) });
        run.Configure();
        run.SendInRealTime();
        await run.UntilAsync(() => run.Worker.State.Restarts >= 3, "it was replaced three times");
        await run.SaysAsync("transcode.worker_memory");
        await run.StopSendingAsync();
    }

    [Theory]
    [InlineData("/nonexistent/program", "cannot be started")]
    [InlineData("/bin/false", "exit code 1")]
    [InlineData("/bin/ls", "exit code 2: ")]                 // what it says on its standard error is part of the reason
    public async Task A_worker_that_cannot_start_is_tried_again_and_says_why(string program, string reason)
    {
        await using var run = new LadderRun(command: new WorkerCommand(program, []));
        run.Configure();
        run.Send(30);
        await run.UntilAsync(() => run.Worker.State.Restarts >= 3, "it was tried three times");
        await run.SaysAsync(reason);
        Assert.Single(run.Recorder.Events, text => text.StartsWith("down", StringComparison.Ordinal));   // the same reason is no news
    }

    [Fact, Trait("Run", "real-time")]
    public async Task Killed_workers_leave_nothing_behind()
    {
        string[] filesOfOthers = Directory.GetFileSystemEntries(Path.GetTempPath());
        await using var run = new LadderRun(healthyAfter: TimeSpan.Zero);
        run.Configure();
        run.SendInRealTime();
        await run.UpAsync();
        var outages = new List<double>();
        var killed = new List<int>();
        await KillAsync(5);
        (int files, long memory) before = Measure();
        await KillAsync(LadderRun.IsFull ? 100 : 10);
        outages.Sort();
        TestContext.Current.SendDiagnosticMessage($"{killed.Count} kills: median {outages[outages.Count / 2]:F0} ms, longest {outages[^1]:F0} ms until all renditions were back; {run.Worker.State}");
        await run.StopSendingAsync();
        await run.AllDeliveredAsync();
        run.AssertComplete();
        run.AssertDecodable(0);
        (int files, long memory) after = Measure();
        Assert.DoesNotContain(Children(), child => child.State == 'Z');
        await run.UntilAsync(() => Children().Length <= 2, "there is a worker and a spare one");
        Assert.InRange(after.files, 0, before.files + 12);
        Assert.InRange(after.memory, 0, before.memory + (60L << 20));    // what the recorder keeps is in it
        Assert.DoesNotContain(Directory.GetFileSystemEntries(Path.GetTempPath()).Except(filesOfOthers), name => killed.Exists(worker => name.Contains($"-{worker}-", StringComparison.Ordinal)));
        Assert.True(outages[^1] < LongestOutage.TotalMilliseconds, $"longest {outages[^1]:F0} ms, median {outages[outages.Count / 2]:F0} ms");

        async Task KillAsync(int times)
        {
            for (; times > 0; times--)
            {
                int ups = run.Recorder.Ups;
                long started = Stopwatch.GetTimestamp();
                killed.Add(run.Worker.WorkerId!.Value);
                run.Signal(LadderRun.SigKill);
                await run.UpAsync(ups + 1);
                outages.Add(Stopwatch.GetElapsedTime(started, run.Recorder.Changes[^1].Time).TotalMilliseconds);
                // A worker that may make a frame only before it is killed could not keep up with live, whatever is kept for it.
                await run.UntilAsync(() => run.Recorder.Frames(0)[^1].Latency < TimeSpan.FromSeconds(0.5), "what was missed is made up for");
            }
        }

        static (int Files, long Memory) Measure() => (Directory.GetFileSystemEntries("/proc/self/fd").Length, GC.GetTotalMemory(forceFullCollection: true));
    }

    [Fact, Trait("Run", "real-time")]
    public async Task A_slow_consumer_holds_the_worker_back_and_nothing_breaks()
    {
        await using var run = new LadderRun(new TranscodeOptions());
        run.Recorder.OnEachFrame = static () => Thread.Sleep(60);          // sixty frames a second are due
        run.Configure();
        run.SendInRealTime();
        await run.UntilAsync(() => run.Worker.State is { IsDegraded: true, FramesDropped: > 0 }, "frames are left out");
        run.Recorder.OnEachFrame = null;
        await run.UntilAsync(() => run.Recorder.Frames(0)[^1].Latency < TimeSpan.FromMilliseconds(300), "frames are in time again");
        await run.StopSendingAsync();
        Assert.Equal(0, run.Worker.State.Restarts);
        AssertRising(run.Recorder.Frames(0));
    }

    [Fact, Trait("Run", "real-time")]
    public async Task A_worker_that_gets_too_little_of_the_processor_leaves_out_frames_and_stays_near_live()
    {
        await using var run = new LadderRun(new TranscodeOptions()) { Media = SourceMedia.Make(LadderRun.Clip.Replace("640x360", "1280x720", StringComparison.Ordinal)) };
        run.Configure();
        run.SendInRealTime();
        await run.UpAsync();
        using var limiting = new CancellationTokenSource();
        int worker = run.Worker.WorkerId!.Value;
        Task limit = Task.Run(async () =>
        {
            // A twentieth of the time, which is less than it needs.
            using var timer = new PeriodicTimer(TimeSpan.FromMilliseconds(200));
            while (await timer.WaitForNextTickAsync(CancellationToken.None) && !limiting.IsCancellationRequested)
            {
                LadderRun.Signal(worker, LadderRun.SigCont);
                using (var run = new PeriodicTimer(TimeSpan.FromMilliseconds(10))) { await run.WaitForNextTickAsync(CancellationToken.None); }
                LadderRun.Signal(worker, LadderRun.SigStop);
            }
            LadderRun.Signal(worker, LadderRun.SigCont);
        }, CancellationToken.None);
        await run.UntilAsync(() => run.Worker.State is { IsDegraded: true, FramesDropped: > 0 }, "frames are left out");
        int limited = run.Recorder.Frames(0).Length;
        await run.UntilAsync(() => run.Sent.Count > (LadderRun.IsFull ? 20 : 8) * LadderRun.FramesPerSecond, "some seconds were sent");
        await limiting.CancelAsync();
        await limit;
        LadderRecorder.Frame[] frames = run.Recorder.Frames(0);
        TimeSpan worst = frames[limited..].Max(frame => frame.Latency);
        Assert.True(worst < TimeSpan.FromSeconds(8), $"frames came up to {worst.TotalSeconds:F1} s late");
        await run.UntilAsync(() => !run.Worker.State.IsDegraded && run.Recorder.Frames(0)[^1].Latency < TimeSpan.FromMilliseconds(300), "all is well again");
        await run.StopSendingAsync();
        Assert.Equal(0, run.Worker.State.Restarts);
        AssertRising(run.Recorder.Frames(0));
        TestContext.Current.SendDiagnosticMessage($"limited: worst latency {worst.TotalMilliseconds:F0} ms, {run.Worker.State.FramesDropped} of {run.Sent.Count} left out");
    }

    [Fact]
    public async Task What_waits_is_encoded_before_a_new_format()
    {
        await using var run = new LadderRun();
        run.Configure();
        run.Send(45);
        run.Media = SourceMedia.Make(LadderRun.Clip.Replace("640x360", "480x270", StringComparison.Ordinal));
        run.Worker.Configure(run.Media.Track, [LadderRun.Rung("small", 160, 90)]);
        run.StartTimeline(0, run.Sent[^1] + LadderRun.Frame90k);
        run.Send(30);
        run.Worker.Drain();
        await run.UntilAsync(() => run.Recorder.Events.Contains("drained"), "all is drained");
        Assert.Equal(75, run.Recorder.Frames(0).Length);
        Assert.Equal(45, run.Recorder.Frames(1).Length);
        AssertRising(run.Recorder.Frames(0));
        string[] events = run.Recorder.Events;
        Assert.Equal("ladder 180p 90p", events[0]);
        Assert.Equal(["ladder small", "format 0 160x90", "up", "drained"], events[^4..]);
    }

    [Fact]
    public async Task A_ladder_without_rungs_ends_the_worker_until_there_is_one_again()
    {
        await using var run = new LadderRun();
        run.Configure();
        run.Send(30);
        await run.UpAsync();
        run.Worker.Configure(run.Media.Track, []);
        await run.UntilAsync(() => run.Worker.WorkerId is null && run.Recorder.Frames(1).Length == 30, "the worker ended");
        run.Send(30);
        await run.WellAsync();
        run.StartTimeline(1, 90_000);
        run.Configure();
        run.Send(30);
        await run.AllDeliveredAsync();
        run.AssertComplete();
        Assert.Equal(0, run.Worker.State.Restarts);
    }

    [Fact]
    public async Task A_timeline_is_emptied_before_the_next_and_both_are_whole()
    {
        await using var run = new LadderRun { Media = SourceMedia.Make(LadderRun.Clip) };
        run.Configure();
        run.Send(40);
        long[] first = [.. run.Sent];
        run.StartTimeline(1, 30_000);                        // earlier than the one before
        run.Send(30);
        await run.AllDeliveredAsync();
        run.AssertComplete();
        Assert.Equal(first, run.Recorder.Frames(0).Where(frame => frame.Timeline == 0).Select(frame => frame.Pts90k));
    }

    [Fact]
    public async Task A_snapshot_is_a_picture_of_the_newest_key_frame()
    {
        await using var run = new LadderRun();
        Assert.Null(await run.Worker.SnapshotAsync(320, CancellationToken.None));
        run.Configure();
        run.Send(30);
        await run.AllDeliveredAsync();
        byte[]? jpeg = await run.Worker.SnapshotAsync(320, CancellationToken.None);
        string file = SourceMedia.NewFile("jpg");
        await File.WriteAllBytesAsync(file, jpeg!);
        Assert.Equal("mjpeg,320,180", FFmpegProgram.Probe($"-show_entries stream=codec_name,width,height -of csv=p=0 {file}")[0]);
    }

    [Fact]
    public async Task A_stream_without_a_share_waits_for_one()
    {
        var budget = new TranscodeBudget(cores: 1, share: 0.05);
        object other = new();
        await using var run = new LadderRun(budget: budget);
        Assert.Null(budget.TryReserve(other, run.Media.Track, LadderRun.Rungs));
        run.Configure();
        await run.SaysAsync("no capacity");
        run.Send(30);
        budget.Release(other);
        run.SendInRealTime();
        await run.UpAsync();
        await run.WellAsync();
        Assert.Equal(0, run.Worker.State.Restarts);
        await run.StopSendingAsync();
    }

    [Fact]
    public async Task A_worker_holds_no_file_or_secret_of_the_node()
    {
        Environment.SetEnvironmentVariable("MIRROR_TEST_SECRET", "swordfish");
        using var open = File.OpenHandle("/proc/self/stat");
        await using var run = new LadderRun();
        run.Configure();
        run.Send(30);
        await run.AllDeliveredAsync();
        int worker = run.Worker.WorkerId!.Value;
        Assert.DoesNotContain("swordfish", await File.ReadAllTextAsync($"/proc/{worker}/environ"));
        string[] files = [.. Directory.GetFileSystemEntries($"/proc/{worker}/fd").Select(file => new FileInfo(file).LinkTarget ?? "")];
        Assert.Single(files, file => file.StartsWith("socket:", StringComparison.Ordinal));
        Assert.DoesNotContain(files, file => file.StartsWith("/proc", StringComparison.Ordinal));
        Environment.SetEnvironmentVariable("MIRROR_TEST_SECRET", null);
    }

    [Theory]
    [InlineData("for (;;) { char *more = malloc(16 << 20); if (more) memset(more, 1, 16 << 20); usleep(20000); }", "more than transcode.worker_memory")]
    [InlineData("sleep(1); *(volatile int *)0 = 1;", "signal SIGSEGV")]
    public async Task A_worker_whose_native_code_leaks_or_crashes_is_replaced(string fault, string reason)
    {
        string folder = Directory.CreateTempSubdirectory("mirror-fault-").FullName;
        string due = Path.Combine(folder, "due");
        string library = Path.Combine(folder, "fault.so");
        await File.WriteAllTextAsync(due, "");
        // Loaded into every worker; the first that finds the file has the fault.
        await File.WriteAllTextAsync(Path.Combine(folder, "fault.c"), $$"""
            #include <pthread.h>
            #include <stdlib.h>
            #include <string.h>
            #include <unistd.h>
            static void *fault(void *nothing) { {{fault}} return nothing; }
            __attribute__((constructor)) static void start(void) { pthread_t thread; if (unlink("{{due}}") == 0) pthread_create(&thread, 0, fault, 0); }
            """);
        using (Process compiler = Process.Start("gcc", ["-shared", "-fPIC", "-o", library, Path.Combine(folder, "fault.c"), "-lpthread"]))
        {
            await compiler.WaitForExitAsync();
            Assert.Equal(0, compiler.ExitCode);
        }
        WorkerCommand command = WorkerCommand.Find();
        await using (var run = new LadderRun(new TranscodeOptions { WorkerMemory = new(512L << 20) }, new WorkerCommand("/usr/bin/env", [$"LD_PRELOAD={library}", command.FileName, .. command.Arguments])))
        {
            run.Configure();
            run.SendInRealTime();
            await run.UntilAsync(() => run.Worker.State.Restarts == 1, "the worker is replaced");
            Assert.Contains(run.Recorder.Events, line => line.Contains(reason, StringComparison.Ordinal));
            await run.UntilAsync(() => run.Recorder.Events[^1] == "up", "renditions are up again");
            await run.StopSendingAsync();
            Assert.Equal(1, run.Worker.State.Restarts);
        }
        Directory.Delete(folder, recursive: true);
    }

    [Fact]
    public async Task Without_a_GPU_and_without_leave_to_use_the_CPU_renditions_are_missing()
    {
        var gpus = new GpuPool(new TranscodeOptions { AllowSoftwareFallback = false });
        gpus.Learn([]);
        await using var run = new LadderRun(new TranscodeOptions { AllowSoftwareFallback = false }, gpus: gpus);
        run.Configure();
        run.Send(30);
        await run.SaysAsync("transcode.allow_software_fallback");
        Assert.Null(run.Worker.WorkerId);
        Assert.Equal(0, run.Recorder.Count);
    }

    [Fact]
    public async Task A_node_that_is_killed_takes_its_workers_along_even_stopped_ones()
    {
        string folder = Directory.CreateTempSubdirectory("mirror-test-").FullName;
        WorkerCommand command = WorkerCommand.Find();
        var start = new ProcessStartInfo(command.FileName) { UseShellExecute = false, RedirectStandardOutput = true, RedirectStandardError = true };
        string[] words =
        [
            .. command.Arguments, "--server.https_port", "0", "--server.http_port", "0", "--server.certificate.directory", folder, "--store.directory", folder,
            "--logging.level", "error",
        ];
        foreach (string word in words) { start.ArgumentList.Add(word); }
        using Process node = Process.Start(start)!;
        int niceness = Children(Environment.ProcessId).Single(child => child.Id == node.Id).Niceness;
        try
        {
            // One that has lowered its priority has told the kernel before what is to become of it. The worker that tries the codecs ends by
            // itself, perhaps just now: what counts is one that is seen to be stopped.
            await Waiting.UntilAsync(() => Children(node.Id).Where(child => child.Niceness > niceness).Any(child => LadderRun.TrySignal(child.Id, LadderRun.SigStop) && StateOf(child.Id) == 'T'),
                () => "the node has a worker, and it is stopped", TimeSpan.FromMinutes(2));
            int[] workers = [.. Children(node.Id).Select(child => child.Id)];
            node.Kill();
            await node.WaitForExitAsync();
            // Where nothing asks for an orphan's status, it stays in the list of processes as a zombie.
            await Waiting.UntilAsync(() => workers.All(worker => StateOf(worker) is null or 'Z' or 'X'), () => "its workers are gone", TimeSpan.FromMinutes(2));
        }
        finally
        {
            node.Kill();
            Directory.Delete(folder, recursive: true);
        }
    }

    private static void AssertRising(LadderRecorder.Frame[] frames)
    {
        foreach ((LadderRecorder.Frame next, LadderRecorder.Frame previous) in frames.Skip(1).Zip(frames)) { Assert.True(next.Pts90k > previous.Pts90k); }
    }

    private static (int Id, char State, int Niceness)[] Children() => Children(Environment.ProcessId);

    /// <summary>Processes whose parent is <paramref name="parent"/>.</summary>
    private static (int Id, char State, int Niceness)[] Children(int parent)
    {
        var children = new List<(int, char, int)>();
        foreach (string folder in Directory.GetDirectories("/proc").Where(name => int.TryParse(Path.GetFileName(name), out _)))
        {
            string stat;
            try { stat = File.ReadAllText(folder + "/stat"); }
            catch (IOException) { continue; }                // it ended meanwhile
            string[] fields = stat[(stat.LastIndexOf(')') + 2)..].Split(' ');
            if (Number(fields[1]) == parent) { children.Add((Number(Path.GetFileName(folder)), fields[0][0], Number(fields[16]))); }
        }
        return [.. children];
    }

    /// <summary>A process's state as proc(5) tells it; <see langword="null"/> once it is gone.</summary>
    private static char? StateOf(int process)
    {
        try
        {
            string stat = File.ReadAllText($"/proc/{process}/stat");
            return stat[stat.LastIndexOf(')') + 2];
        }
        catch (IOException) { return null; }
    }

    private static int Number(string text) => int.Parse(text, CultureInfo.InvariantCulture);
}
