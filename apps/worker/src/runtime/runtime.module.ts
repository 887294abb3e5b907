import { type DynamicModule, Global, Module } from '@nestjs/common';
import { DiscoveryModule, DiscoveryService } from '@nestjs/core';
import { JobQueue } from '#jobs';
import { WorkerRuntime, type RuntimeOptions } from './worker-runtime.js';

/** Connects the app to the queue. Every handler may inject `JobQueue` to add jobs. */
@Global()
@Module({ imports: [DiscoveryModule] })
export class RuntimeModule {
  static with(options: RuntimeOptions): DynamicModule {
    const runtime = {
      provide: WorkerRuntime,
      inject: [DiscoveryService],
      useFactory: (discovery: DiscoveryService) => new WorkerRuntime(discovery, options),
    };
    const queue = { provide: JobQueue, useFactory: () => options.backend.queue() };
    return { module: RuntimeModule, providers: [runtime, queue], exports: [queue] };
  }
}
