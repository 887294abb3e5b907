import { Param } from '@nestjs/common';
import { ApiParam } from '@nestjs/swagger';
import { z } from 'zod';
import { type ProjectRecord, text } from '#accounts';
import {
  cursor,
  idInProjectsPath,
  idOf,
  isoTime,
  projectsLimit,
  ProjectsIdPipe,
  publicId,
  time,
} from '../http/fields.js';

/** A group of accounts. */
export const projectSchema = z
  .object({
    id: idOf('prj'),
    name: z.string(),
    externalRef: z.string().nullable().describe('Your own id of it.'),
    isDefault: z.boolean().describe('The accounts surface uses the default project where none is named.'),
    createdAt: time,
  })
  .meta({ id: 'Project' });

export type ProjectView = z.output<typeof projectSchema>;

export const projectExample: ProjectView = {
  id: 'prj_01h455vb4pex5vsknk084sn02v',
  name: 'Spring campaign',
  externalRef: 'campaign-7',
  isDefault: false,
  createdAt: '2026-12-01T09:00:00Z',
};

export const projectView = (project: ProjectRecord): ProjectView => ({
  id: publicId('prj', project.id),
  name: project.name,
  externalRef: project.externalRef,
  isDefault: project.isDefault,
  createdAt: isoTime(project.createdAt),
});

/** The project of a route, as the UUID behind its id. */
export const ProjectId = (): ParameterDecorator => Param('projectId', new ProjectsIdPipe('prj', 'projectId'));
export const DescribeProjectId = (): MethodDecorator =>
  ApiParam({ name: 'projectId', schema: idInProjectsPath('prj', projectExample.id) });

export const createProjectBody = z.strictObject({ name: text(120), externalRef: text(255).nullish() });
export type CreateProjectBody = z.output<typeof createProjectBody>;
export const createProjectExample: z.input<typeof createProjectBody> = {
  name: 'Spring campaign',
  externalRef: 'campaign-7',
};

export const updateProjectBody = z.strictObject({
  name: text(120).optional(),
  externalRef: text(255).nullable().optional().describe('null removes it.'),
});
export type UpdateProjectBody = z.output<typeof updateProjectBody>;
export const updateProjectExample: z.input<typeof updateProjectBody> = { name: 'Summer campaign' };

/** The page of a list of the projects surface. */
export const pageQuery = {
  limit: projectsLimit,
  cursor: cursor.optional().describe('The nextCursor of the page before.'),
};

export const listProjectsQuery = z.strictObject(pageQuery);
export type ListProjectsQuery = z.output<typeof listProjectsQuery>;

export const projectPageSchema = z
  .object({ items: z.array(projectSchema), nextCursor: z.string().nullable() })
  .meta({ id: 'ProjectPage' });
export type ProjectPageView = z.output<typeof projectPageSchema>;
export const projectPageExample: ProjectPageView = { items: [projectExample], nextCursor: null };
